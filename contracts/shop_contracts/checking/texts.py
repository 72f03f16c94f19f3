"""Contracts whose schema is JSON text, Avro or JSON Schema: read, and held against what went before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.languages import Language
from shop_contracts.compat.paths import leads_through_avro, leads_through_json
from shop_contracts.compat.sources import Unreadable
from shop_contracts.compat.textual import TextSchema, house_check, load
from shop_contracts.tree.compiled import unreadable
from shop_contracts.tree.declared import Carrier, Contracts, Payload
from shop_contracts.tree.finding import Finding, Group


@dataclass(frozen=True, slots=True)
class EarlierText:
    """A version that went before: what to call it, and the schema."""

    name: str
    schema: TextSchema


def opened(root: Path, path: str) -> TextSchema | Finding:
    """Return the schema at a path of the checkout, or what keeps it from being read."""
    try:
        return load(root / path)
    except Unreadable as error:
        return unreadable(error, root)


def refusals(payload: Payload, new: TextSchema, earlier: Sequence[EarlierText], *, hint: str) -> Iterator[Finding]:
    """Find what keeps a schema from following earlier ones (oldest first): readers and writers of any of them are to get on."""
    same = [one for one in earlier if one.schema.language is new.language]
    if len(same) < len(earlier):
        message = f"{payload.name} was in another language; what is there stays as it was written."
        yield Finding(Group.CHANGES, "schema-language-changed", str(payload.schema), 1, message, subject=payload.subject, hint=hint)
        return
    versions = [replace(one.schema, version=replace(one.schema.version, number=at)) for at, one in enumerate(same)]
    for refusal in house_check(versions, new).breaking:
        yield Finding(
            Group.CHANGES,
            refusal.id,
            str(payload.schema),
            1,
            refusal.message,
            subject=payload.subject,
            path=refusal.path,
            against=same[refusal.against].name if refusal.against is not None else "",
            before=refusal.before,
            after=refusal.after,
            proof=refusal.proof,
            hint=hint,
        )


def undeclarable_reads(contracts: Contracts) -> Iterator[Finding]:
    """Find reads of fields that a topic's Avro or JSON Schema does not name."""
    for payload in contracts.declared.payloads:
        readers = [one for one in contracts.declared.consumptions if one.topic == payload.name and one.reads]
        if payload.carrier is not Carrier.TOPIC or not readers or Language.of(payload.schema or "") is None:
            continue
        found = opened(contracts.root, str(payload.schema))
        if isinstance(found, Finding):
            continue
        for consumption in readers:
            for read in consumption.reads or ():
                if not _leads(found, read.steps):
                    yield Finding(
                        Group.CONSUMERS,
                        "read-of-unknown-field",
                        read.place.file,
                        read.place.line,
                        f"{consumption.service} reads {read.path} of {payload.name}, and its schema names no such field.",
                        subject=payload.subject,
                        path=read.path,
                        consumers=(consumption.service,),
                    )


def _leads(schema: TextSchema, steps: Sequence[str]) -> bool:
    version = schema.version
    if isinstance(version, AvroVersion):
        return leads_through_avro(version.type, steps)
    return leads_through_json(version.schema.root, steps)
