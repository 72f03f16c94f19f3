"""The registry's verdict on an Avro schema at a level, over a subject's history, in the words of Confluent's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop_contracts.compat.avro.resolution import Incompatibility, Mismatch, incompatibilities
from shop_contracts.compat.avro.types import Type
from shop_contracts.compat.confluent.messages import described
from shop_contracts.compat.levels import Direction, Level

_SENTENCES = {
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


@dataclass(frozen=True, slots=True)
class AvroVersion:
    """A version of a subject: its number (None for the one that is new), its text and its type."""

    number: int | None
    text: str
    type: Type


def judge(old_versions: Sequence[AvroVersion], new: AvroVersion, *, level: Level, validate_fields: bool = False) -> list[str]:
    """Return the lines that speak against `new` after `old_versions` (oldest first); none where it may follow.

    A level that is not transitive looks at the latest version only; a transitive one stops at the first that does not fit.
    """
    for old in reversed(old_versions if level.is_transitive else old_versions[-1:]):
        lines = [line for direction in level.directions for line in _against(old, new, direction)]
        if lines:
            told = f"{{validateFields: '{str(validate_fields).lower()}', compatibility: '{level}'}}"
            return [*lines, *described(old.number, old.text), told]
    return []


def _against(old: AvroVersion, new: AvroVersion, direction: Direction) -> list[str]:
    is_backward = direction is Direction.BACKWARD
    reader, writer = (new, old) if is_backward else (old, new)
    words = ("new", "old") if is_backward else ("old", "new")
    return [_line(one, *words) for one in incompatibilities(reader.type, writer.type)]


def _line(one: Incompatibility, reader: str, writer: str) -> str:
    sentence = _SENTENCES[one.mismatch].format(path=one.path, detail=one.detail, reader=reader, writer=writer)
    return f"{{errorType:'{one.mismatch}', description:'{sentence}', additionalInfo:'{one.detail}'}}"
