"""Schema resolution: what keeps a reader's schema from taking what a writer's schema wrote.

The rules are the specification's (1.12, "Schema Resolution") as Apache Avro's own SchemaCompatibility has them, which Confluent's
registry asks: names of records, enums and fixed types are compared without their namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shop_contracts.compat.avro.types import PRIMITIVES, Field, Type

_PROMOTIONS = {
    "long": {"int"},
    "float": {"int", "long"},
    "double": {"int", "long", "float"},
    "bytes": {"string"},
    "string": {"bytes"},
}
"""For a reader's type, the writers' types that it takes besides its own."""


class Mismatch(StrEnum):
    """In which way a reader fails, by the names of Apache Avro's SchemaIncompatibilityType."""

    NAME = "NAME_MISMATCH"
    FIXED_SIZE = "FIXED_SIZE_MISMATCH"
    ENUM_SYMBOLS = "MISSING_ENUM_SYMBOLS"
    NO_DEFAULT = "READER_FIELD_MISSING_DEFAULT_VALUE"
    TYPE = "TYPE_MISMATCH"
    UNION_BRANCH = "MISSING_UNION_BRANCH"


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One reason why a reader fails. `path` leads through the reader's JSON: `/fields/0/type`; `detail` names what of it."""

    mismatch: Mismatch
    path: str
    detail: str


def incompatibilities(reader: Type, writer: Type) -> list[Incompatibility]:
    """Return everything that keeps `reader` from resolving what `writer` wrote; nothing where it resolves all of it."""
    return _Resolution().compare(reader, writer, ())


class _Resolution:
    """One comparison. A pair of types is compared once; met again inside itself, it holds (as Apache Avro has it)."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], list[Incompatibility]] = {}

    def compare(self, reader: Type, writer: Type, path: tuple[str, ...]) -> list[Incompatibility]:
        if reader.kind in PRIMITIVES and writer.kind in PRIMITIVES:
            return list(self._compared(reader, writer, path))
        key = reader.key, writer.key
        if key not in self._known:
            self._known[key] = []
            self._known[key] = list(self._compared(reader, writer, path))
        return self._known[key]

    def _compared(self, reader: Type, writer: Type, path: tuple[str, ...]) -> Iterator[Incompatibility]:
        kinds = reader.kind, writer.kind
        if kinds[0] == kinds[1]:
            yield from self._same_kind(reader, writer, path)
        elif kinds[1] == "union":
            for branch in writer.branches:
                yield from self.compare(reader, branch, path)
        elif kinds[0] == "union":
            if all(self.compare(branch, writer, path) for branch in reader.branches):
                yield Incompatibility(Mismatch.UNION_BRANCH, _text(path), f"reader union lacking writer type: {kinds[1].upper()}")
        elif kinds[1] not in _PROMOTIONS.get(kinds[0], ()):
            detail = f"reader type: {kinds[0].upper()} not compatible with writer type: {kinds[1].upper()}"
            yield Incompatibility(Mismatch.TYPE, _text(path), detail)

    def _same_kind(self, reader: Type, writer: Type, path: tuple[str, ...]) -> Iterator[Incompatibility]:
        match reader.kind:
            case kind if kind in PRIMITIVES:
                return
            case "array":
                yield from self.compare(reader.inside("items"), writer.inside("items"), (*path, "items"))
            case "map":
                yield from self.compare(reader.inside("values"), writer.inside("values"), (*path, "values"))
            case "union":
                yield from self._unions(reader, writer, path)
            case "fixed":
                yield from _names(reader, writer, path)
                sizes = reader.word("size"), writer.word("size")
                if sizes[0] != sizes[1]:
                    detail = f"expected: {sizes[1]}, found: {sizes[0]}"
                    yield Incompatibility(Mismatch.FIXED_SIZE, _text((*path, "size")), detail)
            case "enum":
                yield from _names(reader, writer, path)
                yield from _symbols(reader, writer, path)
            case _:
                yield from self._records(reader, writer, path)

    def _unions(self, reader: Type, writer: Type, path: tuple[str, ...]) -> Iterator[Incompatibility]:
        for index, branch in enumerate(writer.branches):
            if self.compare(reader, branch, path):
                detail = f"reader union lacking writer type: {branch.kind.upper()}"
                yield Incompatibility(Mismatch.UNION_BRANCH, _text((*path, str(index))), detail)

    def _records(self, reader: Type, writer: Type, path: tuple[str, ...]) -> Iterator[Incompatibility]:
        yield from _names(reader, writer, path)
        written = {field.name: field for field in writer.fields}
        for index, field in enumerate(reader.fields):
            there = (*path, "fields", str(index))
            source = _source(field, written)
            if source is not None:
                yield from self.compare(field.type, source.type, (*there, "type"))
            elif not field.has_default:
                yield Incompatibility(Mismatch.NO_DEFAULT, _text(there), field.name)


def _source(field: Field, written: dict[str, Field]) -> Field | None:
    """Return the writer's field that a reader's field is read from: of its name, or else of one of its aliases."""
    return next((written[name] for name in (field.name, *field.aliases) if name in written), None)


def _names(reader: Type, writer: Type, path: tuple[str, ...]) -> Iterator[Incompatibility]:
    if reader.name != writer.name and writer.full_name not in reader.aliases:
        yield Incompatibility(Mismatch.NAME, _text((*path, "name")), f"expected: {writer.full_name}")


def _symbols(reader: Type, writer: Type, path: tuple[str, ...]) -> Iterator[Incompatibility]:
    known = reader.word("symbols")
    missing = [symbol for symbol in writer.word("symbols") if symbol not in known]
    if missing and reader.word("default") not in known:
        yield Incompatibility(Mismatch.ENUM_SYMBOLS, _text((*path, "symbols")), f"[{', '.join(missing)}]")


def _text(path: tuple[str, ...]) -> str:
    return "/" + "/".join(path)
