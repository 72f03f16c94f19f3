"""Contents of records, made up from either of the two languages whose text is JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis.strategies import SearchStrategy, nothing

from shop_contracts.checking.avro_records import Wire, is_known_to_fastavro, records
from shop_contracts.checking.content import is_filled, needed_tree
from shop_contracts.checking.json_records import documents
from shop_contracts.checking.trials import search
from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.paths import leads
from shop_contracts.compat.proof import LONGEST, Proof
from shop_contracts.compat.textual import TextSchema

_LONGEST_SCHEMA = 50_000
"""Characters; some hundreds of fields."""


def can_be_made(schema: TextSchema) -> bool:
    """Whether there is something that writes and reads records of a schema, and whether it is of a size to make some up in time."""
    version = schema.version
    return len(version.text) <= _LONGEST_SCHEMA and (not isinstance(version, AvroVersion) or is_known_to_fastavro(version.type))


def contents(schema: TextSchema, paths: Sequence[Sequence[str]] = ()) -> SearchStrategy[Any]:
    """What a schema allows, with something other than null at each path that leads to a field of it; nothing if none is made."""
    if not can_be_made(schema):
        return nothing()
    known = [steps for steps in paths if leads(schema.version, steps)]
    needed = needed_tree(known)
    version = schema.version
    made = records(version.type, needed=needed) if isinstance(version, AvroVersion) else documents(version.schema, needed=needed)
    return made.filter(lambda record: all(is_filled(record, steps) for steps in known))


def example(schema: TextSchema, paths: Sequence[Sequence[str]]) -> Any:
    """A simple record with something at each path; None where none is found."""
    return search(contents(schema, paths))


def without(schema: TextSchema, steps: Sequence[str]) -> Any:
    """A simple record with nothing at a path, as near its end as can be; None where none is found."""
    tried = (contents(schema, [steps[:depth]] if depth else []) for depth in reversed(range(len(steps))))
    found = (search(made, lambda record: not is_filled(record, steps)) for made in tried)
    return next((record for record in found if record is not None), None)


def delivery(writer: TextSchema, reader: TextSchema) -> Callable[[Any], Any]:
    """Return what makes of a record of one version what a consumer with the other gets: through Avro's bytes, or JSON text."""
    if isinstance(writer.version, AvroVersion) and isinstance(reader.version, AvroVersion):
        return Wire(writer.version.type, reader.version.type).received
    return lambda record: json.loads(json.dumps(record))


def proof(schema: TextSchema, record: Any, *, writer: str, reader: str, read: str) -> Proof:
    """Return a record as it shows what somebody makes of it."""
    text = json.dumps(plain(record), ensure_ascii=False)[:LONGEST]
    version = schema.version
    if isinstance(version, AvroVersion):
        payload = Wire(version.type, version.type).written(record).hex(" ")[:LONGEST]
        return Proof("the record", writer, reader, "avro", payload, text, read)
    return Proof("the document", writer, reader, "json", text, text, read)


def plain(record: Any) -> Any:
    """Return a record in JSON's types; bytes are texts of as many characters, as in Avro's JSON encoding."""
    match record:
        case bytes():
            return record.decode("latin-1")
        case dict():
            return {name: plain(one) for name, one in record.items()}
        case list():
            return [plain(one) for one in record]
    return record
