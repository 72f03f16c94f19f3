"""Records that show what a difference does: bytes written with one schema that the other does not read, by fastavro."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from shop_contracts.compat.avro.types import Type
from shop_contracts.compat.proof import LONGEST, Proof

_MOST_TRIED = 200
_DEEPEST = 5
_SCALARS: dict[str, list[Any]] = {
    "null": [None],
    "boolean": [True],
    "int": [2**31 - 1],
    "long": [2**62],
    "float": [0.5],
    "double": [0.5],
    "bytes": [b"\xff"],
    "string": ["text"],
}


def prove(reader: Type, writer: Type, *, writer_is: str) -> Proof | None:
    """Return the first record that the writer's schema writes and the reader's does not read; None where none is found."""
    import fastavro
    from fastavro.schema import SchemaParseException

    try:
        written_with, read_with = (fastavro.parse_schema(one.self_contained()) for one in (writer, reader))
    except SchemaParseException:
        return None
    reader_is = "new" if writer_is == "old" else "old"
    for record in islice(_records(writer, 0), _MOST_TRIED):
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, written_with, record)
        payload = stream.getvalue()
        try:
            fastavro.schemaless_reader(io.BytesIO(payload), written_with, read_with)
        except Exception as error:  # noqa: BLE001 - the library raises what it stumbles over
            shown = json.dumps(record, default=lambda value: value.hex(), ensure_ascii=False)[:LONGEST]
            reason = f"nothing: {error or type(error).__name__}"[:LONGEST]
            return Proof("the record", writer_is, reader_is, "avro", payload.hex()[:LONGEST], shown, reason)
    return None


def _records(type_: Type, depth: int) -> Iterator[Any]:
    """Yield values of a type, those first that have least inside; each branch, symbol and field has its turn."""
    match type_.kind:
        case "union":
            for branch in type_.branches:
                yield from islice(_records(branch, depth + 1), 4)
        case "record":
            yield from _objects(type_, depth)
        case "enum":
            yield from reversed(type_.word("symbols"))
        case "fixed":
            yield b"\x00" * int(type_.word("size"))
        case "array":
            yield from ([one] for one in islice(_records(type_.inside("items"), depth + 1), 4) if depth < _DEEPEST)
            yield []
        case "map":
            yield from ({"key": one} for one in islice(_records(type_.inside("values"), depth + 1), 4) if depth < _DEEPEST)
            yield {}
        case kind:
            yield from _SCALARS[kind]


def _objects(type_: Type, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    inside = {field.name: list(islice(_records(field.type, depth + 1), 6)) for field in type_.fields}
    if not all(inside.values()):
        return
    least = {name: values[0] for name, values in inside.items()}
    yield least
    for name, values in inside.items():
        yield from ({**least, name: value} for value in values[1:])
