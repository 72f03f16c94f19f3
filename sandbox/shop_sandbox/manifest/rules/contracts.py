"""Contracts and topics: files that must exist, messages that must be in them, producers that must be there."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator
from pathlib import Path as FilePath

from shop_sandbox.manifest.borrowed import released_schema
from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import ProducedTopic
from shop_sandbox.manifest.names import dead_letter_topic
from shop_sandbox.manifest.rules.view import Finding, View


def _contract_files(view: View) -> Iterator[Finding]:
    contracts = view.service.contracts
    if contracts.openapi is not None:
        yield from _missing_file(view, ("contracts", "openapi"), contracts.openapi)
    for position, path in enumerate(contracts.grpc):
        yield from _missing_file(view, ("contracts", "grpc", position), path)
    for kind in ("queues", "notifications"):
        for position, entry in enumerate(getattr(view.service.needs, kind)):
            if entry.schema is not None:
                yield from _missing_file(view, ("needs", kind, position, "schema"), entry.schema)


def _missing_file(view: View, path: Path, name: str) -> Iterator[Finding]:
    """Find a file that is not there, or outside the checkout: contracts elsewhere are not under the same version control."""
    file = view.reading.root / name
    if posixpath.normpath(name).startswith("../"):
        yield path, f"{name!r} is outside the checkout", "contracts live in the repository"
    elif not file.is_file():
        yield path, f"there is no file {name!r}", _nearest_file(view.reading.root, file)


def _nearest_file(checkout: FilePath, file: FilePath) -> str:
    folder = file.parent
    if not folder.is_dir():
        return f"there is no folder {FilePath(file).parent.relative_to(checkout).as_posix()!r} either"
    nearest = difflib.get_close_matches(file.name, [one.name for one in folder.iterdir()], n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else "paths are relative to the root of the checkout"


def _message(view: View, place: Path, topic: ProducedTopic) -> Iterator[Finding]:
    """Hold the named message to the schema: a Protobuf file has many, the others describe one."""
    if not topic.schema.endswith(".proto"):
        if not topic.schema.endswith((".avsc", ".json")):
            yield (
                (*place, "schema"),
                f"{topic.schema!r} is no schema by its ending",
                "use .proto, .avsc (Avro) or .json (JSON Schema)",
            )
        return
    if topic.message is None:
        yield place, "needs `message`", "name the message of the Protobuf file that the topic carries"
        return
    found = view.platform.outline(view.reading.root / topic.schema)
    if found and topic.message not in found.messages:
        hint = did_you_mean(topic.message, found.messages) or "the file has no messages"
        yield (*place, "message"), f"{topic.schema!r} has no message {topic.message!r}", hint


def _produced_topics(view: View) -> Iterator[Finding]:
    for position, topic in enumerate(view.service.needs.topics.produces):
        place: Path = ("needs", "topics", "produces", position)
        missing = list(_missing_file(view, (*place, "schema"), topic.schema))
        yield from missing or _message(view, place, topic)
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


def _released_there(folder: FilePath, topic: str) -> str:
    if not folder.is_dir():
        return "there is no such folder; it is relative to the root of this checkout"
    released = [one.parent.name.removesuffix("-value") for one in folder.glob("*-value/history.json")]
    return did_you_mean(topic, released) or "there, `shop-dev contracts release` releases it"


def _consumed_topics(view: View) -> Iterator[Finding]:
    produced = view.platform.names("topics", "produces")
    seen: set[tuple[str, str]] = set()
    for position, topic in enumerate(view.service.needs.topics.consumes):
        place: Path = ("needs", "topics", "consumes", position)
        if topic.name not in produced and topic.released_in is None and not view.platform.has_unread:
            hint = did_you_mean(topic.name, produced) or "of another repository's topic, `releasedIn` says where it is released"
            yield (*place, "name"), f"nobody produces the topic {topic.name!r}", hint
        if topic.released_in is not None and topic.name not in produced and released_schema(view.reading.root, topic) is None:
            hint = _released_there(view.reading.root / topic.released_in, topic.name)
            yield (*place, "releasedIn"), f"{topic.released_in!r} has no released contract of {topic.name!r}", hint
        if (topic.name, topic.group) in seen:
            yield place, f"the group {topic.group!r} consumes {topic.name!r} twice", "keep one of the two"
        seen.add((topic.name, topic.group))
        if len(dead_letter_topic(topic.name, topic.group)) > 249:
            yield (*place, "group"), "the name of its dead-letter topic is longer than Kafka's 249 characters", "shorten the group"


RULES = (_contract_files, _produced_topics, _consumed_topics)
