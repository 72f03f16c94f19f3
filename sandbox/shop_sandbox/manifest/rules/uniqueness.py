"""Names that must be unique."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shop_sandbox.manifest.faults import Path
from shop_sandbox.manifest.rules.view import Finding, View, listed

_OWNED = {
    ("topics", "produces"): "topic",
    ("tables",): "table",
    ("queues",): "queue",
    ("notifications",): "notification",
    ("buckets",): "bucket",
    ("databases",): "database",
    ("secrets",): "secret",
    ("parameters",): "parameter",
    ("userPools",): "user pool",
    ("senders",): "sender",
}

_RESERVED_BEGINNINGS = ("provision-", "build-")
_RESERVED_SERVICES = frozenset({"kafka", "schema-registry", "aws", "postgres", "redis", "telemetry", "chaos", "shop"})


def _unique_service(view: View) -> Iterator[Finding]:
    name = view.service.service
    others = [file for file in view.platform.services[name] if file != view.reading.name]
    if others:
        yield ("service",), f"{name!r} is the name of another service", f"also in {', '.join(others)}"
    if name in _RESERVED_SERVICES or name.startswith(_RESERVED_BEGINNINGS):
        yield ("service",), f"{name!r} is the name of a part of the sandbox", "choose another name"


def _unique_parts(view: View) -> Iterator[Finding]:
    """Workers and functions run under names of their own beside the services."""
    parts = [("workers", position, one.name) for position, one in enumerate(view.service.workers)]
    parts += [("functions", position, one.name) for position, one in enumerate(view.service.functions)]
    counted = Counter(name for _, _, name in parts)
    for kind, position, name in parts:
        place: Path = (kind, position, "name")
        whole = f"{view.service.service}-{name}"
        if counted[name] > 1:
            yield place, f"{name!r} is the name of two of its workers and functions", "a part of a service has a name of its own"
        elif whole in view.platform.services:
            yield place, f"it would run as {whole!r}, which is another service", "choose another name"
        elif name == "functions":
            yield place, "is what the sandbox calls all its functions together", "choose another name"


def _unique_names(view: View) -> Iterator[Finding]:
    for path, noun in _OWNED.items():
        owners = view.platform.names(*path)
        entries = view.service.needs.topics.produces if noun == "topic" else getattr(view.service.needs, _snake(path[0]))
        for position, entry in enumerate(entries):
            if getattr(entry, "owned_by", None) is not None:
                continue
            place: Path = ("needs", *path, position, "name")
            mine, others = Counter(owners[entry.name])[view.service.service], set(owners[entry.name]) - {view.service.service}
            verb = "produces" if noun == "topic" else "owns"
            if others:
                yield (
                    place,
                    f"{listed(others)} {verb} the {noun} {entry.name!r} as well",
                    "a thing has one owner: the others ask it",
                )
            elif mine > 1:
                yield place, f"the {noun} {entry.name!r} is listed twice", "keep one of the two"


def _snake(name: str) -> str:
    return name.replace("P", "_p")


RULES = (_unique_service, _unique_parts, _unique_names)
