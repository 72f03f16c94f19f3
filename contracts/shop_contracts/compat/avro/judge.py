"""The registry's verdict on an Avro schema at a level, over a subject's history, in the words of Confluent's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shop_contracts.compat.avro.printing import printed
from shop_contracts.compat.avro.proof import prove
from shop_contracts.compat.avro.resolution import Incompatibility, Mismatch, incompatibilities
from shop_contracts.compat.avro.types import Type
from shop_contracts.compat.confluent.history import judge_history
from shop_contracts.compat.confluent.messages import described, reserved_messages
from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.report import Finding, Report

_LONGEST = 200
"""Characters of a schema that a finding shows."""
SENTENCES = {
    Mismatch.FIXED_SIZE: (
        "The size of FIXED type field at path '{path}' in the {reader} schema does not match with the {writer} schema"
    ),
    Mismatch.TYPE: "The type (path '{path}') of a field in the {reader} schema does not match with the {writer} schema",
    Mismatch.NAME: "The name of the schema has changed (path '{path}')",
    Mismatch.ENUM_SYMBOLS: "The {reader} schema is missing enum symbols '{detail}' at path '{path}' in the {writer} schema",
    Mismatch.UNION_BRANCH: "The {reader} schema is missing a type inside a union field at path '{path}' in the {writer} schema",
    Mismatch.NO_DEFAULT: (
        "The field '{detail}' at path '{path}' in the {reader} schema has no default value and is missing in the {writer} schema"
    ),
}
"""What is told of each mismatch: {reader} and {writer} stand for 'new' and 'old', or the other way round."""


@dataclass(frozen=True, slots=True)
class AvroVersion:
    """A version of a subject: its number (None for the one that is new), its text, its type, its metadata's properties."""

    number: int | None
    text: str
    type: Type
    metadata: Mapping[str, str] = field(default_factory=dict)


def judge(
    old_versions: Sequence[AvroVersion],
    new: AvroVersion,
    *,
    level: Level,
    validate_fields: bool = False,
    proofs: bool = False,
) -> Report:
    """Return what speaks against `new` after `old_versions` (oldest first).

    With `proofs` every refusal comes with a record that shows it, where one is found.
    """
    return judge_history(
        old_versions,
        level=level,
        against=lambda old, direction: _against(old, new, direction, proofs=proofs),
        named=lambda old: described(old.number, old.text),
        reserved=(lambda old: _reserved(old, new)) if validate_fields else None,
    )


def _against(old: AvroVersion, new: AvroVersion, direction: Direction, *, proofs: bool) -> tuple[list[Finding], list[str]]:
    is_backward = direction is Direction.BACKWARD
    reader, writer = (new, old) if is_backward else (old, new)
    words = ("new", "old") if is_backward else ("old", "new")
    found = incompatibilities(reader.type, writer.type)
    proof = prove(reader.type, writer.type, writer_is=words[1]) if proofs and found else None
    findings = [
        Finding(
            id=str(one.mismatch),
            path=f"#{one.path}",
            before=printed(old.type)[:_LONGEST],
            after=printed(new.type)[:_LONGEST],
            message=_sentence(one, *words),
            breaking=True,
            direction=direction,
            against=old.number,
            proof=proof,
        )
        for one in found
    ]
    return findings, [_line(one, *words) for one in found]


def _sentence(one: Incompatibility, reader: str, writer: str) -> str:
    return SENTENCES[one.mismatch].format(path=one.path, detail=one.detail, reader=reader, writer=writer)


def _line(one: Incompatibility, reader: str, writer: str) -> str:
    return f"{{errorType:'{one.mismatch}', description:'{_sentence(one, reader, writer)}', additionalInfo:'{one.detail}'}}"


def _reserved(old: AvroVersion | None, new: AvroVersion) -> list[str]:
    fields = {field.name for field in new.type.fields} if new.type.kind == "record" else set()
    return reserved_messages(old.metadata if old is not None else None, new.metadata, fields)
