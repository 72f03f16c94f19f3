"""Protobuf contracts: compiled, held to the house's style, and held against what went before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from shop_contracts.compat import Finding as Refusal
from shop_contracts.compat import Level, Mode, Report, Schema, check
from shop_contracts.compat.elements import Enum, Field, File, Message, Service
from shop_contracts.compat.lint.linter import lint
from shop_contracts.compat.lint.places import Places
from shop_contracts.compat.lint.rule import Fault
from shop_contracts.compat.lock import RuleSetLock
from shop_contracts.compat.readers import Reader
from shop_contracts.compat.sources import load
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.declared import Consumption, Contracts
from shop_contracts.tree.finding import Finding, Group


@dataclass(frozen=True, slots=True)
class Earlier:
    """A version that went before: what to call it, and the schema."""

    name: str
    schema: Schema


def style_faults(contracts: Contracts, files: Iterable[str], *, known: Compiled) -> Iterator[Finding]:
    """Hold files to the rules for names, folders, versions and comments. What does not compile is `known`'s to tell."""
    for path in files:
        if known.schema(path) is None:
            continue
        parts = Path(path).parts
        name = "/".join(parts[parts.index("proto") :]) if "proto" in parts[:-1] else Path(path).name
        roots = (contracts.import_root, contracts.root)
        for fault in lint(load(contracts.root / path, name=name, import_paths=roots, source_info=True)):
            yield Finding(Group.STYLE, fault.id, path, fault.line, fault.message)


def judge(
    new: Schema,
    earlier: Sequence[Earlier],
    *,
    readers: Sequence[Reader],
    lock: RuleSetLock | None,
    names: Sequence[str],
    today: date,
) -> Report:
    """Hold a schema to the house's rules against all earlier versions (oldest first), with proofs and the consumers that are hit.

    Exceptions of the lock for any of `names` (a subject, a file) are taken into account.
    """
    versions = [replace(one.schema, version=number) for number, one in enumerate(earlier)]
    report = check(versions, new, level=Level.FULL_TRANSITIVE, mode=Mode.HOUSE, proofs=True, readers=readers)
    if lock is not None:
        for name in names:
            report = lock.apply(report, schema=name, today=today)
    return report


def refusals(
    report: Report, new: Schema, earlier: Sequence[Earlier], contracts: Contracts, *, subject: str, hint: str
) -> Iterator[Finding]:
    """Put what breaks into findings with a place in the working tree."""
    for refusal in report.breaking:
        file, line = place(refusal, new)
        yield Finding(
            Group.CHANGES,
            refusal.id,
            contracts.shown(file),
            line,
            refusal.message,
            subject=subject,
            path=refusal.path,
            against=earlier[refusal.against].name if refusal.against is not None else "",
            before=refusal.before,
            after=refusal.after,
            consumers=refusal.consumers,
            proof=refusal.proof,
            hint=hint,
        )


def place(refusal: Refusal, new: Schema) -> tuple[str, int]:
    """Import name and line of what a refusal is about in the new version: of what it sat in, where it is gone."""
    evidence = refusal.evidence
    candidates = [evidence.read, *_surroundings(evidence.written, new)] if evidence is not None else []
    for element in candidates:
        file = element if isinstance(element, File) else getattr(element, "file", None)
        if isinstance(file, File) and file.path in new.files:
            known = isinstance(element, Message | Field | Enum | Service)
            return file.path, Places(file).of(Fault("", element))[0] if known else 1
    return new.main, 1


def _surroundings(gone: Any, new: Schema) -> Iterator[Any]:
    if isinstance(gone, Field | Message | Enum):
        holder = gone if not isinstance(gone, Field) else gone.parent
        while holder is not None:
            found = new.tree.messages.get(holder.full_name) or new.tree.enums.get(holder.full_name)
            if found is not None:
                yield found
            holder = holder.parent
        yield new.tree.files.get(gone.file.path)


def readers_of(topic: str, consumptions: Iterable[Consumption], message: str | None, schemas: Sequence[Schema]) -> list[Reader]:
    """The consumers of a topic, each with the fields it declares to read as the schemas name them; None where it does not say."""
    found = []
    for consumption in consumptions:
        if consumption.topic == topic:
            fields = None
            if consumption.reads is not None and message is not None:
                fields = frozenset(
                    name for schema in schemas for read in consumption.reads for name in _names(schema, message, read.steps)
                )
            found.append(Reader(consumption.service, fields))
    return found


def walk(schema: Schema, message: str, steps: Sequence[str]) -> list[Field] | None:
    """The fields a path leads through from a message on; None where it leads nowhere. A map is gone through to its values."""
    current = schema.tree.messages.get(message)
    way: list[Field] = []
    for step in steps:
        field = next((one for one in current.fields if one.name == step), None) if current is not None else None
        if field is None:
            return None
        way.append(field)
        current = field.message
        if current is not None and current.is_map_entry:
            current = current.by_number[2].message
    return way


def _names(schema: Schema, message: str, steps: Sequence[str]) -> Iterator[str]:
    for field in walk(schema, message, steps) or ():
        if field.parent is not None:
            yield f"{field.parent.local_name}.{field.name}"


def undeclarable_reads(contracts: Contracts, compiled: Compiled) -> Iterator[Finding]:
    """Find reads of fields that the topic's message does not have."""
    topics = {one.name: one for one in contracts.declared.payloads if one.carrier == "topic"}
    for consumption in contracts.declared.consumptions:
        payload = topics.get(consumption.topic)
        if payload is None or payload.message is None or not str(payload.schema).endswith(".proto"):
            continue
        schema = compiled.schema(str(payload.schema))
        if schema is None:
            continue
        for read in consumption.reads or ():
            if walk(schema, payload.message, read.steps) is None:
                yield Finding(
                    Group.CONSUMERS,
                    "read-of-unknown-field",
                    read.place.file,
                    read.place.line,
                    f"{consumption.service} reads {read.path} of {consumption.topic}, and {payload.message} has no such field.",
                    subject=payload.subject,
                    path=read.path,
                    consumers=(consumption.service,),
                )


def meaning(schema: Schema) -> Mapping[str, bytes]:
    """Return what a schema says without comments and places: its own descriptor and its imports', by import name."""
    said = {}
    for name, file in schema.files.items():
        bare = type(file)()
        bare.CopyFrom(file)
        bare.ClearField("source_code_info")
        said[name] = bare.SerializeToString(deterministic=True)
    return said
