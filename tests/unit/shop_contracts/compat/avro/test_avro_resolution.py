"""Avro's schema resolution: what is called compatible is read, what is not is refused. The judge is fastavro with real bytes."""

from __future__ import annotations

import io
import json
from typing import Any

import avro.schema
import fastavro
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from fastavro.schema import SchemaParseException
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shop_contracts.compat.avro.judge import AvroVersion, judge
from shop_contracts.compat.avro.resolution import Mismatch, incompatibilities
from shop_contracts.compat.avro.types import parse
from shop_contracts.compat.levels import Level

Json = Any


def record(*fields: Json, name: str = "Order", **words: Json) -> Json:
    return {"type": "record", "name": name, "namespace": "shop", "fields": list(fields), **words}


def field(name: str, kind: Json, **words: Json) -> Json:
    return {"name": name, "type": kind, **words}


def enum(*symbols: str, **words: Json) -> Json:
    return {"type": "enum", "name": "Color", "symbols": list(symbols), **words}


def mismatches(reader: Json, writer: Json) -> list[tuple[Mismatch, str]]:
    return [(one.mismatch, one.path) for one in incompatibilities(parse(reader), parse(writer))]


TREE = record(field("next", ["null", "Order"]))
NAMED = record(field("id", "string"))


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        ("long", "int"),
        ("double", "float"),
        ("bytes", "string"),
        (["null", "string"], "string"),
        ("string", ["string"]),
        (record(field("id", "string"), field("note", "string", default="")), NAMED),
        (record(field("key", "string", aliases=["id"])), NAMED),
        (record(field("id", "string"), name="Purchase", aliases=["Order"]), NAMED),
        (record(field("id", "string"), name="Purchase", aliases=["shop.Order"]), NAMED),
        (NAMED | {"namespace": "store"}, NAMED),
        (enum("RED", "BLUE"), enum("RED")),
        (enum("RED", default="RED"), enum("RED", "BLUE")),
        (TREE, TREE),
        ({"type": "array", "items": "long"}, {"type": "array", "items": {"type": "int"}}),
        ({"type": "int", "logicalType": "date"}, "int"),
        (record(), NAMED),
    ],
)
def test_a_reader_takes_what_the_specification_says(reader: Json, writer: Json) -> None:
    assert mismatches(reader, writer) == []


@pytest.mark.parametrize(
    ("reader", "writer", "expected"),
    [
        ("int", "long", [(Mismatch.TYPE, "/")]),
        ("string", ["null", "string"], [(Mismatch.TYPE, "/")]),
        (["null", "int"], "string", [(Mismatch.UNION_BRANCH, "/")]),
        (["null", "int"], ["null", "string"], [(Mismatch.UNION_BRANCH, "/1")]),
        (record(field("id", "string"), field("note", "string")), NAMED, [(Mismatch.NO_DEFAULT, "/fields/1")]),
        (record(field("id", "int")), NAMED, [(Mismatch.TYPE, "/fields/0/type")]),
        (record(field("id", "string"), name="Purchase"), NAMED, [(Mismatch.NAME, "/name")]),
        (enum("RED"), enum("RED", "BLUE"), [(Mismatch.ENUM_SYMBOLS, "/symbols")]),
        (
            {"type": "fixed", "name": "Code", "size": 2},
            {"type": "fixed", "name": "Code", "size": 3},
            [(Mismatch.FIXED_SIZE, "/size")],
        ),
        (
            {"type": "map", "values": {"type": "array", "items": "int"}},
            {"type": "map", "values": {"type": "array", "items": "string"}},
            [(Mismatch.TYPE, "/values/items")],
        ),
        (record(field("next", ["null", "Order"]), field("n", "int")), TREE, [(Mismatch.NO_DEFAULT, "/fields/1")]),
    ],
)
def test_a_reader_fails_where_the_specification_says(reader: Json, writer: Json, expected: list[tuple[Mismatch, str]]) -> None:
    assert mismatches(reader, writer) == expected


PRIMITIVES = st.sampled_from(["null", "boolean", "int", "long", "float", "double", "bytes", "string"])
DEFAULTS = {"null": None, "boolean": True, "int": 1, "long": 1, "float": 1.5, "double": 1.5, "bytes": "a", "string": "a"}


def _with_default(kind: Json) -> Json:
    return {"type": kind} | ({"default": DEFAULTS[kind]} if isinstance(kind, str) and kind in DEFAULTS else {})


types = st.recursive(
    PRIMITIVES | st.builds(lambda symbols: enum(*sorted(symbols)), st.sets(st.sampled_from("ABC"), min_size=1)),
    lambda inside: (
        st.builds(lambda items: {"type": "array", "items": items}, inside)
        | st.builds(lambda values: {"type": "map", "values": values}, inside)
        | st.lists(PRIMITIVES, min_size=1, max_size=3, unique=True)
    ),
    max_leaves=3,
)
records = st.builds(
    lambda fields: record(*({"name": name, **kind} for name, kind in fields.items())),
    st.dictionaries(st.sampled_from("abc"), types.map(_with_default) | types.map(lambda kind: {"type": kind}), max_size=3),
)


def values(schema: Json) -> st.SearchStrategy[Json]:  # noqa: PLR0911 - one return a kind of type
    """What a writer with this schema may write."""
    if isinstance(schema, list):
        return st.one_of([values(branch) for branch in schema])
    kind = schema if isinstance(schema, str) else schema["type"]
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "int" | "long":
            return st.integers(-(2**31), 2**31 - 1)
        case "float" | "double":
            return st.sampled_from([0.0, 1.5, -2.0])
        case "bytes":
            return st.just(b"a")
        case "string":
            return st.sampled_from(["", "a"])
        case "enum":
            return st.sampled_from(schema["symbols"])
        case "array":
            return st.lists(values(schema["items"]), max_size=2)
        case "map":
            return st.dictionaries(st.sampled_from("xy"), values(schema["values"]), max_size=2)
        case _:
            return st.fixed_dictionaries({one["name"]: values(one["type"]) for one in schema["fields"]})


def _is_read(reader: Json, writer: Json, value: Json) -> bool:
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(writer), value)
    written.seek(0)
    try:
        fastavro.schemaless_reader(written, fastavro.parse_schema(writer), fastavro.parse_schema(reader))
    except (fastavro.read.SchemaResolutionError, KeyError, ValueError):
        return False
    return True


def _parses(schema: Json) -> bool:
    try:
        fastavro.parse_schema(schema)
    except SchemaParseException:
        return False
    return True


@settings(deadline=None, max_examples=400)
@given(reader=records, writer=records, data=st.data())
def test_whatever_is_called_compatible_is_read_from_real_bytes(reader: Json, writer: Json, data: st.DataObject) -> None:
    assume(_parses(reader) and _parses(writer))
    assume(mismatches(reader, writer) == [])

    assert _is_read(reader, writer, data.draw(values(writer)))


@settings(deadline=None, max_examples=200)
@given(reader=records, writer=records)
def test_the_verdict_is_that_of_apaches_own_checker(reader: Json, writer: Json) -> None:
    assume(_parses(reader) and _parses(writer))
    read, written = (avro.schema.parse(json.dumps(one)) for one in (reader, writer))

    checker: Any = ReaderWriterCompatibilityChecker
    theirs = checker().get_compatibility(read, written).compatibility

    assert (mismatches(reader, writer) == []) == (theirs is SchemaCompatibilityType.compatible)


def test_a_level_asks_in_its_directions_and_says_of_which_version() -> None:
    first, second = NAMED, record(field("id", "string"), field("note", "string"))
    old, new = AvroVersion(1, "…", parse(first)), AvroVersion(None, "…", parse(second))

    assert judge([old], new, level=Level.FORWARD).compatible
    assert judge([old], new, level=Level.NONE).compatible
    for level in (Level.BACKWARD, Level.FULL, Level.BACKWARD_TRANSITIVE):
        told = judge([old], new, level=level).messages
        assert told[0].startswith("{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE'")
        assert told[1:] == ["{oldSchemaVersion: 1}", "{oldSchema: '…'}", f"{{validateFields: 'false', compatibility: '{level}'}}"]


def test_a_transitive_level_goes_back_to_the_first_version() -> None:
    versions = [
        AvroVersion(1, "", parse(record(field("id", "string"), field("a", "int", default=0)))),
        AvroVersion(2, "", parse(NAMED)),
    ]
    new = AvroVersion(None, "", parse(record(field("id", "string"), field("a", "string", default=""))))

    assert judge(versions, new, level=Level.BACKWARD).compatible
    assert "{oldSchemaVersion: 1}" in judge(versions, new, level=Level.BACKWARD_TRANSITIVE).messages


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        (record(field("id", "int")), record(field("id", "long"))),
        (record(field("id", "string"), field("note", "string")), NAMED),
        (record(field("color", enum("RED"))), record(field("color", enum("RED", "BLUE")))),
        (record(field("id", ["null", "int"])), record(field("id", ["null", "int", "string"]))),
        (record(field("ids", {"type": "array", "items": "int"})), record(field("ids", {"type": "array", "items": "string"}))),
    ],
)
def test_a_refusal_comes_with_a_record_that_is_written_and_not_read(reader: Json, writer: Json) -> None:
    old, new = (AvroVersion(number, "", parse(schema)) for number, schema in ((1, writer), (None, reader)))

    proof = judge([old], new, level=Level.BACKWARD, proofs=True).breaking[0].proof

    assert proof is not None
    assert (proof.writer, proof.reader, proof.encoding) == ("old", "new", "avro")
    with pytest.raises(Exception):  # noqa: B017 - whatever the library stumbles over
        fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(proof.payload)), writer, reader)
