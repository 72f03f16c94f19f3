"""Records made up from an Avro schema: whatever a version of a producer may have sent, and its bytes."""

from __future__ import annotations

import io
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException
from hypothesis import reject
from hypothesis import strategies as st

from shop_contracts.checking.content import Map, Needed
from shop_contracts.compat.avro.types import Type
from shop_contracts.compat.paths import leads_through_avro

_DEEPEST = 5
_DEEPEST_RECORD = 15
_TEXT = st.integers(0, 99_999).map("T{}".format)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(1, 10_000),
    "long": st.integers(1, 1_000_000_000),
    "float": st.floats(0.5, 10_000, width=32),
    "double": st.floats(0.5, 10_000, width=32),
    "bytes": _TEXT.map(str.encode),
    "string": _TEXT,
}


@st.composite
def records(draw: st.DrawFn, type_: Type, *, needed: Needed) -> Any:
    """A value of a type with what is `needed` not null. Numbers are positive and texts are short, as producers send them."""
    return _value(draw, type_, needed, depth=0)


def is_known_to_fastavro(type_: Type) -> bool:
    """Whether the library that writes records takes the schema: it is stricter than the specification with logical types."""
    try:
        fastavro.parse_schema(type_.self_contained())
    except SchemaParseException:
        return False
    return True


class Wire:
    """A record's way: written with the schema of the producer, read with that of the consumer."""

    def __init__(self, writer: Type, reader: Type) -> None:
        self._writer, self._reader = (fastavro.parse_schema(one.self_contained()) for one in (writer, reader))

    def written(self, record: Any) -> bytes:
        """Return the bytes of a record."""
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self._writer, record)
        return stream.getvalue()

    def received(self, record: Any) -> Any:
        """Return what the consumer's side makes of a record."""
        return fastavro.schemaless_reader(io.BytesIO(self.written(record)), self._writer, self._reader)


def _value(draw: st.DrawFn, type_: Type, needed: Needed | None, *, depth: int) -> Any:
    match type_.kind:
        case "union":
            branches = _branches(type_, needed, depth)
            return _value(draw, draw(st.sampled_from(branches)) if branches else reject(), needed, depth=depth + 1)
        case "record":
            if depth > _DEEPEST_RECORD:
                reject()
            return {
                field.name: _value(draw, field.type, needed.get(field.name) if needed else None, depth=depth + 1)
                for field in type_.fields
            }
        case "array":
            return [_value(draw, type_.inside("items"), needed, depth=depth + 1) for _ in range(_count(draw, needed, depth))]
        case "map":
            inside = type_.inside("values")
            return Map({draw(_TEXT): _value(draw, inside, needed, depth=depth + 1) for _ in range(_count(draw, needed, depth))})
    return draw(_scalar(type_))


def _scalar(type_: Type) -> st.SearchStrategy[Any]:
    match type_.kind:
        case "enum":
            return st.sampled_from(list(type_.word("symbols"))) if type_.word("symbols") else st.nothing()
        case "fixed":
            return st.binary(min_size=int(type_.word("size")), max_size=int(type_.word("size")))
        case "string" if isinstance(type_.schema, dict) and type_.schema.get("logicalType") == "uuid":
            return st.uuids().map(str)
        case kind:
            return _SCALARS[kind]


def _branches(type_: Type, needed: Needed | None, depth: int) -> list[Type]:
    """The branches that may be taken: those that lead to what is needed, and deep down the ones that end."""
    branches = type_.branches
    if needed is not None:
        leading = [one for one in branches if one.kind != "null" and all(leads_through_avro(one, [name]) for name in needed)]
        return leading or branches
    ending = [one for one in branches if one.kind != "record"]
    return ending if ending and depth >= _DEEPEST else branches


def _count(draw: st.DrawFn, needed: Needed | None, depth: int) -> int:
    if needed is not None:
        return draw(st.integers(1, 3))
    return draw(st.integers(0, 2)) if depth < _DEEPEST else 0
