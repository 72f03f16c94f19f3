"""Rules that the schema cannot say: files that must exist, names that must be unique, things that must meet."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from shop_sandbox.manifest.faults import Fault, Path, did_you_mean, dotted
from shop_sandbox.manifest.form import Fargate, Key, Lambda, Service, Table
from shop_sandbox.manifest.names import dead_letter_queue, dead_letter_topic
from shop_sandbox.manifest.protobuf import ProtoOutline, outline

if TYPE_CHECKING:
    from shop_sandbox.manifest.loader import Reading

Finding = tuple[Path, str, str]
"""Path in the manifest, what is wrong, and what to do about it."""


@dataclass(frozen=True)
class _View:
    """One sound manifest among all that could be read."""

    reading: Reading
    service: Service
    platform: Platform

    @property
    def folder(self) -> FilePath:
        return self.reading.file.parent


class Platform:
    """What all readings together declare. Those with faults count as far as they can be read, so that a fault has no echo."""

    def __init__(self, checkout: FilePath, readings: Sequence[Reading]) -> None:
        self.checkout = checkout
        self._readings = readings
        self._outlines: dict[str, ProtoOutline | None] = {}

    def names(self, *path: str) -> dict[str, list[str]]:
        """Return names declared in the lists at `needs.<path>`, each with the services that declare it."""
        found: dict[str, list[str]] = {}
        for reading in self._readings:
            document = reading.document.data if reading.document else None
            service = _dig(document, ("service",))
            for entry in _dig(document, ("needs", *path)) or ():
                name = _dig(entry, ("name",))
                if isinstance(name, str) and _dig(entry, ("ownedBy",)) is None:
                    found.setdefault(name, []).append(str(service))
        return found

    @cached_property
    def services(self) -> dict[str, list[str]]:
        """Names of services, each with the files that claim it."""
        found: dict[str, list[str]] = {}
        for reading in self._readings:
            name = _dig(reading.document.data if reading.document else None, ("service",))
            if isinstance(name, str):
                found.setdefault(name, []).append(reading.name)
        return found

    @cached_property
    def has_unread(self) -> bool:
        """Whether some file is no YAML at all, so that nothing can be said about what is missing."""
        return any(reading.document is None for reading in self._readings)

    @cached_property
    def calls(self) -> dict[str, tuple[str, ...]]:
        return {reading.service.service: reading.service.needs.services for reading in self._readings if reading.service}

    def outline(self, path: str) -> ProtoOutline | None:
        """Return the outline of a Protobuf file of the checkout; None where there is no such file."""
        if path not in self._outlines:
            try:
                self._outlines[path] = outline((self.checkout / path).read_text(encoding="utf-8", errors="replace"))
            except OSError:
                self._outlines[path] = None
        return self._outlines[path]


def cross_faults(checkout: FilePath, readings: Sequence[Reading]) -> list[Fault]:
    """Find what is wrong in manifests that are sound one by one."""
    platform = Platform(checkout, readings)
    faults = []
    for reading in readings:
        if reading.service is None or reading.document is None:
            continue
        view = _View(reading, reading.service, platform)
        for rule in _RULES:
            for path, message, hint in rule(view):
                faults.append(Fault(reading.name, *reading.document.place(path), dotted(path), message, hint))
    return faults


def _dig(data: Any, path: Iterable[str]) -> Any:
    for step in path:
        if not isinstance(data, dict):
            return None
        data = data.get(step)
    return data


# --- names that must be unique ---------------------------------------------------------------------------------------------

_OWNED = {
    ("topics", "produces"): "topic",
    ("tables",): "table",
    ("queues",): "queue",
    ("notifications",): "notification",
    ("buckets",): "bucket",
    ("databases",): "database",
    ("secrets",): "secret",
    ("parameters",): "parameter",
}

_RESERVED_SERVICES = frozenset({"kafka", "schema-registry", "aws", "postgres", "redis", "telemetry", "shop"})


def _unique_service(view: _View) -> Iterator[Finding]:
    name = view.service.service
    others = [file for file in view.platform.services[name] if file != view.reading.name]
    if others:
        yield ("service",), f"{name!r} is the name of another service", f"also in {', '.join(others)}"
    if name in _RESERVED_SERVICES or name.startswith("provision-"):
        yield ("service",), f"{name!r} is the name of a part of the sandbox", "choose another name"


def _unique_names(view: _View) -> Iterator[Finding]:
    for path, noun in _OWNED.items():
        owners = view.platform.names(*path)
        entries = view.service.needs.topics.produces if noun == "topic" else getattr(view.service.needs, path[0])
        for position, entry in enumerate(entries):
            if getattr(entry, "owned_by", None) is not None:
                continue
            place: Path = ("needs", *path, position, "name")
            mine, others = Counter(owners[entry.name])[view.service.service], set(owners[entry.name]) - {view.service.service}
            verb = "produces" if noun == "topic" else "owns"
            if others:
                yield (
                    place,
                    f"{_listed(others)} {verb} the {noun} {entry.name!r} as well",
                    "a thing has one owner: the others ask it",
                )
            elif mine > 1:
                yield place, f"the {noun} {entry.name!r} is listed twice", "keep one of the two"


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


# --- runtime ---------------------------------------------------------------------------------------------------------------

_SANDBOX_SETS = re.compile(
    r"(KAFKA_BOOTSTRAP_SERVERS|SCHEMA_REGISTRY_URL|DATABASE_URL|REDIS_URL|PORT|PORT_.*|AWS_.*|OTEL_EXPORTER_.*|OTEL_SERVICE_NAME|SHOP_.*)\Z"
)
_LOOKS_SECRET = re.compile(r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY|API_KEY|CREDENTIALS?)(_|$)")


def _python_target(view: _View) -> Iterator[Finding]:
    """Find a target inside the manifest's own package that has no file; one elsewhere is left to the import."""
    target = view.service.runtime.python
    if target is None:
        return
    module, _, function = target.partition(":")
    parts = module.split(".")
    for depth in range(1, len(parts)):
        if view.folder.parts[-depth:] == tuple(parts[:depth]):
            below = view.folder.joinpath(*parts[depth:])
            file = next((one for one in (below.with_suffix(".py"), below / "__init__.py") if one.is_file()), None)
            if file is None:
                modules = {one.stem if one.is_file() else one.name for one in view.folder.iterdir() if one.suffix in ("", ".py")}
                yield (
                    ("runtime", "python"),
                    f"there is no module {module!r}",
                    did_you_mean(parts[-1], modules - {"__init__", "__pycache__"}),
                )
            elif not re.search(rf"(^|[^\w.]){re.escape(function)}\b", file.read_text(encoding="utf-8", errors="replace")):
                yield (
                    ("runtime", "python"),
                    f"the module {module!r} has nothing named {function!r}",
                    "write a function without parameters",
                )
            return


def _command_exists(view: _View) -> Iterator[Finding]:
    """Find a command whose path leads nowhere; a bare name is looked for on PATH at the start."""
    command = view.service.runtime.command
    if command and "/" in command[0] and not (view.folder / command[0]).is_file():
        yield ("runtime", "command", 0), f"there is no file {command[0]!r}", "a path is relative to the folder of service.yaml"


def _environment(view: _View) -> Iterator[Finding]:
    for name in view.service.runtime.environment:
        if _SANDBOX_SETS.match(name):
            yield ("runtime", "environment", name), "is set by the sandbox", "leave it out, or choose another name"
        elif _LOOKS_SECRET.search(name):
            yield ("runtime", "environment", name), "looks like a secret", "declare it under needs.secrets"


# --- contracts and topics --------------------------------------------------------------------------------------------------


def _contract_files(view: _View) -> Iterator[Finding]:
    contracts = view.service.contracts
    if contracts.openapi is not None:
        yield from _missing_file(view, ("contracts", "openapi"), contracts.openapi)
    for position, path in enumerate(contracts.grpc):
        yield from _missing_file(view, ("contracts", "grpc", position), path)
    for kind in ("queues", "notifications"):
        for position, entry in enumerate(getattr(view.service.needs, kind)):
            if entry.schema is not None:
                yield from _missing_file(view, ("needs", kind, position, "schema"), entry.schema)


def _missing_file(view: _View, path: Path, name: str) -> Iterator[Finding]:
    """Find a file that is not there, or outside the checkout: contracts elsewhere are not under the same version control."""
    file = view.platform.checkout / name
    if posixpath.normpath(name).startswith("../"):
        yield path, f"{name!r} is outside the checkout", "contracts live in the repository"
    elif not file.is_file():
        yield path, f"there is no file {name!r}", _nearest_file(view.platform.checkout, file)


def _nearest_file(checkout: FilePath, file: FilePath) -> str:
    folder = file.parent
    if not folder.is_dir():
        return f"there is no folder {FilePath(file).parent.relative_to(checkout).as_posix()!r} either"
    nearest = difflib.get_close_matches(file.name, [one.name for one in folder.iterdir()], n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else "paths are relative to the root of the checkout"


def _produced_topics(view: _View) -> Iterator[Finding]:
    for position, topic in enumerate(view.service.needs.topics.produces):
        place: Path = ("needs", "topics", "produces", position)
        missing = list(_missing_file(view, (*place, "schema"), topic.schema))
        yield from missing
        found = view.platform.outline(topic.schema)
        if not missing and found and topic.message not in found.messages:
            hint = did_you_mean(topic.message, found.messages) or "the file has no messages"
            yield (*place, "message"), f"{topic.schema!r} has no message {topic.message!r}", hint
        if topic.retention_hours is not None and topic.cleanup == "compact":
            yield (
                (*place, "retentionHours"),
                "a compacted topic keeps records by key, not by age",
                "use `cleanup: compact,delete` for both",
            )
        for name in topic.config:
            setting = {"cleanup.policy": "cleanup", "retention.ms": "retentionHours"}.get(name)
            if setting:
                yield (*place, "config", name), "has a property of its own", f"use `{setting}`"
        if topic.name.endswith(".dlq"):
            yield (*place, "name"), "names ending in `.dlq` are for dead letters", "these topics are made for each consumer"


def _consumed_topics(view: _View) -> Iterator[Finding]:
    produced = view.platform.names("topics", "produces")
    seen: set[tuple[str, str]] = set()
    for position, topic in enumerate(view.service.needs.topics.consumes):
        place: Path = ("needs", "topics", "consumes", position)
        if topic.name not in produced and not view.platform.has_unread:
            hint = did_you_mean(topic.name, produced) or "no service produces any topic"
            yield (*place, "name"), f"nobody produces the topic {topic.name!r}", hint
        if (topic.name, topic.group) in seen:
            yield place, f"the group {topic.group!r} consumes {topic.name!r} twice", "keep one of the two"
        seen.add((topic.name, topic.group))
        if len(dead_letter_topic(topic.name, topic.group)) > 249:
            yield (*place, "group"), "the name of its dead-letter topic is longer than Kafka's 249 characters", "shorten the group"


def _called_services(view: _View) -> Iterator[Finding]:
    for position, name in enumerate(view.service.needs.services):
        place: Path = ("needs", "services", position)
        if name == view.service.service:
            yield place, "a service does not call itself", "remove it"
        elif name not in view.platform.services:
            if not view.platform.has_unread:
                hint = did_you_mean(name, set(view.platform.services) - {view.service.service}) or "there is no other service"
                yield place, f"there is no service {name!r}", hint
        elif circle := _way_back(view.platform.calls, name, view.service.service):
            way = " -> ".join((view.service.service, *circle))
            yield place, f"services call each other in a circle: {way}", "answer one of these calls by an event"


def _way_back(calls: dict[str, tuple[str, ...]], start: str, goal: str) -> tuple[str, ...]:
    """Return the shortest chain of calls from `start` to `goal`, both included; empty where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        ahead = [name for name in calls.get(way[-1], ()) if name not in seen]
        seen.update(ahead)
        ways += [(*way, name) for name in ahead]
    return ()


# --- stores ----------------------------------------------------------------------------------------------------------------


def _tables(view: _View) -> Iterator[Finding]:
    for position, table in enumerate(view.service.needs.tables):
        yield from _table(("needs", "tables", position), table)


def _table(place: Path, table: Table) -> Iterator[Finding]:
    """Rules of DynamoDB's CreateTable: one type an attribute, distinct key attributes, at most 20 global indexes."""
    types: dict[str, str] = {}
    keys: list[tuple[Path, Key]] = [(("key",), table.key)]
    keys.extend((("indexes", number, "key"), index.key) for number, index in enumerate(table.indexes))
    for below, key in keys:
        for part, attribute in (("partition", key.partition), ("sort", key.sort)):
            if attribute is None:
                continue
            if types.setdefault(attribute.name, attribute.type) != attribute.type:
                message = f"{attribute.name!r} is of type {types[attribute.name]} in another key of this table"
                yield (*place, *below, part, "type"), message, "an attribute has one type in a table"
        if key.sort and key.sort.name == key.partition.name:
            yield (*place, *below, "sort", "name"), "is the partition key already", "take another attribute"
    for name, count in Counter(index.name for index in table.indexes).items():
        if count > 1:
            position = max(number for number, index in enumerate(table.indexes) if index.name == name)
            yield (*place, "indexes", position, "name"), f"the index {name!r} is listed twice", "keep one of the two"
    if len(table.indexes) > 20:
        yield (*place, "indexes"), "DynamoDB allows 20 global indexes on a table", ""
    if table.ttl in types:
        yield (*place, "ttl"), f"{table.ttl!r} is part of a key", "the expiry is an attribute of its own"


def _queues(view: _View) -> Iterator[Finding]:
    queues = view.service.needs.queues
    mine = {queue.name for queue in queues}
    notifications = view.platform.names("notifications")
    for position, queue in enumerate(queues):
        place: Path = ("needs", "queues", position)
        if queue.dead_letter and dead_letter_queue(queue) in mine:
            yield (
                (*place, "name"),
                f"its dead-letter queue {dead_letter_queue(queue)!r} is listed as a queue",
                "remove that; it is made",
            )
        for number, subscription in enumerate(queue.subscriptions):
            below = (*place, "subscriptions", number, "notification")
            if subscription.notification not in notifications and not view.platform.has_unread:
                hint = did_you_mean(subscription.notification, notifications) or "no service owns any"
                yield below, f"there is no notification {subscription.notification!r}", hint
            elif subscription.notification.endswith(".fifo") and not queue.name.endswith(".fifo"):
                yield below, "a FIFO topic delivers to FIFO queues only", f"name the queue {queue.name + '.fifo'!r}"
        notified = Counter(subscription.notification for subscription in queue.subscriptions)
        for number, subscription in enumerate(queue.subscriptions):
            if notified[subscription.notification] > 1 and number:
                yield (
                    (*place, "subscriptions", number),
                    "the queue subscribes to this topic twice",
                    "one filter can name many values",
                )


_RESERVED_DATABASES = frozenset({"shop", "postgres", "template0", "template1"})


def _databases(view: _View) -> Iterator[Finding]:
    for position, database in enumerate(view.service.needs.databases):
        if database.name in _RESERVED_DATABASES:
            place: Path = ("needs", "databases", position, "name")
            yield place, f"{database.name!r} is a database of the server itself", "name it like the service"
    if view.service.needs.databases and view.service.service.startswith("pg-"):
        yield ("service",), "PostgreSQL keeps role names that begin with `pg_` for itself", "choose another name"


def _migrations(view: _View) -> Iterator[Finding]:
    for position, database in enumerate(view.service.needs.databases):
        if database.migrations is None:
            continue
        place: Path = ("needs", "databases", position, "migrations")
        folder = view.folder / database.migrations
        if not folder.is_dir():
            yield (
                place,
                f"there is no folder {database.migrations!r} beside service.yaml",
                "make it, with a first file `0001_create.sql`",
            )
            continue
        files = sorted(file.name for file in folder.iterdir() if file.suffix == ".sql")
        odd = [name for name in files if not MIGRATION_FILE.match(name)]
        if odd:
            yield place, f"not named like a migration: {', '.join(odd)}", "name them `NNNN_name.sql`, as in `0001_create.sql`"
        numbers = Counter(name[:4] for name in files if name not in odd)
        for number in sorted(number for number, count in numbers.items() if count > 1):
            twins = ", ".join(name for name in files if name.startswith(number))
            yield place, f"two migrations have the number {number}: {twins}", "give the newer one the next free number"


MIGRATION_FILE = re.compile(r"[0-9]{4}_[a-z0-9_]+\.sql\Z")


def _read_secrets(view: _View) -> Iterator[Finding]:
    owned = view.platform.names("secrets")
    for position, secret in enumerate(view.service.needs.secrets):
        place: Path = ("needs", "secrets", position, "ownedBy")
        if secret.owned_by is None:
            continue
        if secret.owned_by == view.service.service:
            yield place, "is this service", "leave it out for a secret of its own"
        elif secret.owned_by not in owned.get(secret.name, ()) and not view.platform.has_unread:
            owners = owned.get(secret.name)
            hint = f"{_listed(owners)} has it" if owners else did_you_mean(secret.name, owned) or "no service declares a secret"
            yield place, f"{secret.owned_by!r} declares no secret {secret.name!r}", hint


# --- AWS -------------------------------------------------------------------------------------------------------------------

_IAM_SERVICES = {
    "table": ("dynamodb",),
    "queue": ("sqs",),
    "notification": ("sns",),
    "bucket": ("s3",),
    "secret": ("secretsmanager",),
    "parameter": ("ssm",),
}


def _grants(view: _View) -> Iterator[Finding]:
    for position, grant in enumerate(view.service.iam):
        place: Path = ("iam", position)
        for number, action in enumerate(grant.actions):
            if "*" in action:
                yield (
                    (*place, "actions", number),
                    f"{action!r} has a wildcard",
                    "name each action: what is not named is not allowed",
                )
        prefixes = {action.partition(":")[0] for action in grant.actions if "*" not in action}
        for number, resource in enumerate(grant.resources):
            yield from _granted(view, (*place, "resources", number), resource, prefixes)


def _granted(view: _View, place: Path, resource: str, prefixes: set[str]) -> Iterator[Finding]:
    if resource.startswith("arn:"):
        if resource.endswith(":*") or resource.count(":") < 5:
            yield place, f"{resource!r} does not name a thing", "write the whole ARN"
        return
    kind, _, name = resource.partition("/")
    if kind not in _IAM_SERVICES or not name:
        hint = did_you_mean(kind, _IAM_SERVICES)
        yield place, f"{resource!r} is neither `<kind>/<name>` nor an ARN", hint
        return
    name = f"/{name}" if kind == "parameter" else name  # as in ARNs: the slash between is the path's first
    mine = {entry.name for entry in getattr(view.service.needs, f"{kind}s")}
    if kind == "notification":
        mine |= set(view.platform.names("notifications"))
    if name not in mine:
        yield place, f"the service has no {kind} {name!r}", did_you_mean(name, mine) or f"declare it under needs.{kind}s"
    for prefix in sorted(prefixes - set(_IAM_SERVICES[kind])):
        yield (
            place,
            f"actions of {prefix!r} do nothing to a {kind}",
            f"grant them in an entry of their own; a {kind} has {_IAM_SERVICES[kind][0]}",
        )


# Pairs of CPU and memory that Fargate has: AWS, "Amazon ECS task definition parameters for Fargate", task size.
_FARGATE_MEMORY: dict[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}


def _deploy(view: _View) -> Iterator[Finding]:
    deploy = view.service.deploy
    if isinstance(deploy, Fargate):
        sizes = _FARGATE_MEMORY[deploy.cpu]
        if deploy.memory_mib not in sizes:
            step = sizes[1] - sizes[0]
            hint = f"{sizes[0]} to {sizes[-1]}, in steps of {step}" if len(sizes) > 3 else ", ".join(map(str, sizes))
            yield ("deploy", "memoryMiB"), f"Fargate has no task with {deploy.cpu} CPU units and {deploy.memory_mib} MiB", hint
        if deploy.tasks.min > deploy.tasks.max:
            yield ("deploy", "tasks", "max"), f"is less than min ({deploy.tasks.min})", ""
    elif isinstance(deploy, Lambda):
        mine = {queue.name for queue in view.service.needs.queues}
        for position, name in enumerate(deploy.queues):
            if name not in mine:
                yield (
                    ("deploy", "queues", position),
                    f"the service has no queue {name!r}",
                    did_you_mean(name, mine) or "declare it under needs.queues",
                )


def _slo(view: _View) -> Iterator[Finding]:
    slo = view.service.slo
    if slo is not None and slo.latency_p99_ms is not None and slo.latency_p99_ms < slo.latency_p95_ms:
        yield ("slo", "latencyP99Ms"), f"is less than latencyP95Ms ({slo.latency_p95_ms})", ""


_RULES: tuple[Callable[[_View], Iterator[Finding]], ...] = (
    _unique_service,
    _unique_names,
    _python_target,
    _command_exists,
    _environment,
    _contract_files,
    _produced_topics,
    _consumed_topics,
    _called_services,
    _tables,
    _queues,
    _databases,
    _migrations,
    _read_secrets,
    _grants,
    _deploy,
    _slo,
)
