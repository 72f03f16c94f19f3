"""Decode proofs: a record made with one version, and what the other reads from it, by the real Protobuf runtime.

A proof looks for the damage: it tries the field alone, the least a record can hold and a record with everything set, first as
bytes, then as JSON, first from the old side to the new, then back, and shows the first that does not come out as it went in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from shop_contracts.compat import samples
from shop_contracts.compat.elements import Enum, Field, File, Method
from shop_contracts.compat.elements import Message as MessageElement
from shop_contracts.compat.runtime import Unbuildable
from shop_contracts.compat.schema import Schema

MOST_RECORDS = 16
"""Records that are tried from either side for one proof."""
LONGEST = 400
"""Characters of a record or of its bytes that a proof shows."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a finding was seen on: the versions that write and read, and the element in either (None: not there)."""

    writer: Schema
    reader: Schema
    writer_is: str
    written: Any
    read: Any
    number: int | None = None
    """The enum value's number, where it is about one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One record, written by one version and read by the other.

    `writer` and `reader` are 'old' and 'new' or the reverse. `payload` is the bytes in hex, or the JSON when `encoding` is `json`.
    `written` is the record as the writer sees it and `read` as the reader does, both as JSON, or why the reader refused it.
    """

    message: str
    writer: str
    reader: str
    encoding: str
    payload: str
    written: str
    read: str


def prove(evidence: Evidence) -> Proof | None:
    """Return the first record that shows the damage.

    None when no record does (a file option, an RPC that is gone), or when the runtime cannot build one of the versions.
    """
    try:
        for there in (evidence, _reversed(evidence)):
            for record, read_as in islice(_attempts(there), MOST_RECORDS):
                proof = _try(there, record, read_as)
                if proof is not None:
                    return proof
    except Unbuildable:
        return None
    return None


def _reversed(evidence: Evidence) -> Evidence:
    writer_is = "new" if evidence.writer_is == "old" else "old"
    return Evidence(evidence.reader, evidence.writer, writer_is, evidence.read, evidence.written, evidence.number)


def _attempts(evidence: Evidence) -> Iterator[tuple[Message, str]]:
    """Yield records to write, each with the full name of the type to read it as."""
    written, read = evidence.written, evidence.read
    runtime = evidence.writer.runtime
    if isinstance(written, Field):
        yield from samples.of_field(runtime, written, _reader_type(written, read))
    elif isinstance(written, MessageElement):
        name = read.full_name if isinstance(read, MessageElement) else written.full_name
        yield from ((record, name) for record in samples.of_message(runtime, written.full_name))
    elif isinstance(written, Enum):
        yield from samples.of_enum(evidence.writer, evidence.reader, written, evidence.number)
    elif isinstance(written, Method) and isinstance(read, Method):
        for kind in ("input_type", "output_type"):
            before, after = (getattr(one.proto, kind).removeprefix(".") for one in (written, read))
            if before != after:
                yield from ((record, after) for record in samples.of_message(runtime, before))
    elif isinstance(written, File) and written.messages:
        first = written.messages[0]
        yield from ((record, first.full_name) for record in samples.of_message(runtime, first.full_name))


def _reader_type(written: Field, read: Any) -> str:
    if written.proto.extendee:
        return written.proto.extendee.removeprefix(".")
    owner = read.parent if isinstance(read, Field) and not read.proto.extendee else written.parent
    while owner is not None and owner.is_map_entry:
        owner = owner.parent
    return owner.full_name if owner is not None else ""


def _try(evidence: Evidence, record: Message, read_as: str) -> Proof | None:
    reader_class = evidence.reader.runtime.message(read_as)
    reader_is = "new" if evidence.writer_is == "old" else "old"
    written = _as_json(record)
    payload = record.SerializePartialToString()
    name = record.DESCRIPTOR.full_name

    def proof(encoding: str, shown: str, read: str) -> Proof:
        return Proof(name, evidence.writer_is, reader_is, encoding, _cut(shown), _cut(written), _cut(read))

    if reader_class is None:
        return proof("protobuf", payload.hex(" "), f"refused: the {reader_is} version has no type {read_as}")
    read = _read_bytes(reader_class, payload)
    if read != written:
        return proof("protobuf", payload.hex(" "), read)
    read = _read_json(reader_class, written)
    if read != written:
        return proof("json", written, read)
    defaults = _defaults(record, evidence.written), _defaults(reader_class(), evidence.read)
    if None not in defaults and defaults[0] != defaults[1]:
        return Proof(name, evidence.writer_is, reader_is, "protobuf", "", str(defaults[0]), str(defaults[1]))
    return None


def _read_bytes(reader: type[Message], payload: bytes) -> str:
    record = reader()
    try:
        record.ParseFromString(payload)
    except DecodeError as error:
        return f"refused: {error}"
    missing = record.FindInitializationErrors()  # type: ignore[attr-defined]  # every generated class has it; the stub does not say so
    return f"refused: required and missing: {', '.join(missing)}" if missing else _as_json(record)


def _read_json(reader: type[Message], text: str) -> str:
    try:
        return _as_json(json_format.Parse(text, reader()))
    except json_format.ParseError as error:
        return f"refused: {error}"


def _as_json(record: Message) -> str:
    try:
        fields = json_format.MessageToDict(record)
    except (ValueError, TypeError, json_format.Error) as error:
        return f"(no JSON form: {error})"
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)


def _defaults(record: Message, field: Any) -> str | None:
    """Return what an unset singular field reads as, in words; None where that is no question."""
    if not isinstance(field, Field) or field.is_repeated or field.proto.extendee or record.ListFields():
        return None
    described = record.DESCRIPTOR.fields_by_name.get(field.name)
    if described is None or described.message_type is not None:
        return None
    return json.dumps({field.name: getattr(record, field.name)}, default=repr)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
