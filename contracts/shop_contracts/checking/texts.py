"""Contracts whose schema is JSON text, Avro or JSON Schema: read, and held against what went before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.sources import Unreadable
from shop_contracts.compat.textual import TextSchema, house_check, load
from shop_contracts.tree.compiled import unreadable
from shop_contracts.tree.declared import Payload
from shop_contracts.tree.finding import Finding, Group

AT_HAND = "the version at hand"


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


def versions(released: Sequence[EarlierText], now: TextSchema) -> list[EarlierText]:
    """Return the versions of which records may be on a topic: the released ones, and that at hand where it is none of them."""
    if any(_meaning(one.schema) == _meaning(now) for one in released):
        return list(released)
    return [*released, EarlierText(AT_HAND, now)]


def _meaning(schema: TextSchema) -> Any:
    version = schema.version
    if isinstance(version, AvroVersion):
        return version.type.self_contained()
    return version.schema.data, version.schema.references
