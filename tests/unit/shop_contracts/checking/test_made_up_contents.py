"""Records and documents made up from Avro and JSON Schemas: of their schema, with what is needed, without what may be missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.schema_pairs import Pairs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop_contracts.checking.avro_records import Wire, records
from shop_contracts.checking.content import is_filled, needed_tree
from shop_contracts.checking.json_records import documents
from shop_contracts.checking.text_contents import contents, example, without
from shop_contracts.checking.trials import simplest_refused
from shop_contracts.compat.avro.reading import read as read_avro
from shop_contracts.compat.json_schema.judge import JsonVersion
from shop_contracts.compat.json_schema.reading import read as read_json
from shop_contracts.compat.promises import promises
from shop_contracts.compat.textual import TextSchema, load

NODE: dict[str, Any] = {
    "type": "record",
    "name": "shop.Node",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "time-micros"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
        {"name": "colour", "type": {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}},
        {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 4}},
        {"name": "next", "type": ["null", "Node"]},
        {"name": "many", "type": {"type": "array", "items": "Node"}},
        {"name": "named", "type": {"type": "map", "values": ["null", "float", "Node"]}},
        {"name": "either", "type": ["string", {"type": "record", "name": "Word", "fields": [{"name": "word", "type": "string"}]}]},
    ],
}
DOCUMENT: dict[str, Any] = {
    "type": "object",
    "required": ["sku", "lines"],
    "properties": {
        "sku": {"type": "string", "pattern": "^SKU-[0-9]{4}$"},
        "count": {"type": ["integer", "null"], "minimum": 5, "multipleOf": 5},
        "lines": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"$ref": "#/definitions/line"}},
        "paid": {"oneOf": [{"$ref": "#/definitions/line"}, {"type": "null"}]},
        "how": {"enum": ["card", None]},
        "at": {"type": "string", "format": "date-time"},
        "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "code": {"type": "string", "minLength": 20},
        "both": {"allOf": [{"type": "object", "required": ["x"]}, {"properties": {"x": {"type": "boolean"}}}]},
    },
    "definitions": {
        "line": {
            "type": "object",
            "required": ["n"],
            "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/definitions/line"}},
        }
    },
}


def schema(folder: Path, data: Any) -> TextSchema:
    file = folder / ("note.avsc" if isinstance(data, dict) and "fields" in data else "note.json")
    file.write_text(json.dumps(data), encoding="utf-8")
    return load(file)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sets(st.sampled_from(["next.many.id", "named.colour", "either.word", "next.next", "price"])))
def test_made_up_avro_records_are_written_and_hold_what_is_needed(data: st.DataObject, wanted: set[str]) -> None:
    node = read_avro(NODE)
    paths = [path.split(".") for path in sorted(wanted)]

    record = data.draw(records(node, needed=needed_tree(paths)))

    assert set(Wire(node, node).received(record)) == {field["name"] for field in NODE["fields"]}
    assert all(is_filled(record, steps) for steps in paths)


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sets(st.sampled_from(["count", "paid.next.n", "how", "share", "code", "both.x", "lines.next"])))
def test_made_up_documents_are_allowed_and_hold_what_is_needed(data: st.DataObject, wanted: set[str]) -> None:
    document = read_json(DOCUMENT)
    paths = [path.split(".") for path in sorted(wanted)]

    made = data.draw(documents(document, needed=needed_tree(paths)))

    assert document.validator().is_valid(made)
    assert all(is_filled(made, steps) for steps in paths)


@pytest.mark.parametrize(
    ("data", "promised", "open_ones"),
    [
        (NODE, "id either price hash", "next next.id named.id either.word"),
        (DOCUMENT, "sku lines lines.n", "count paid.n how at both both.x lines.next.n"),
        ({"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "string"}}}]}, "a", ""),
        ({"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}, "b": {"const": 1}}}, "a", "b"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": ["string", "null"]}}}, "", "a"),
        (
            {
                "anyOf": [
                    {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
                    {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
                ]
            },
            "a",
            "b",
        ),
    ],
)
def test_what_is_not_promised_is_shown_by_a_record_without_it(tmp_path: Path, data: Any, promised: str, open_ones: str) -> None:
    found = schema(tmp_path, data)

    for path in promised.split():
        assert promises(found.version, path.split(".")), path
        assert is_filled(example(found, [path.split(".")]), path.split("."))
    for path in open_ones.split():
        assert not promises(found.version, path.split(".")), path
        record = without(found, path.split("."))
        assert record is not None
        assert not is_filled(record, path.split("."))


def test_no_random_schema_promises_what_a_document_of_it_lacks() -> None:
    drawn, held = Pairs(7), 0
    for _ in range(500):
        data, _ = drawn.pair()
        found = read_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **data})
        version, validator = JsonVersion(None, "", found), found.validator()
        instances = [one for one in drawn.instances(data, 20) if validator.is_valid(one)]
        names = sorted({name for one in instances if isinstance(one, dict) for name in one})
        paths = [[name, *below] for name in names for below in ([], ["a"], ["b"])]
        for steps in (one for one in paths if promises(version, one)):
            held += len(instances)
            assert all(is_filled(one, steps) for one in instances), (data, steps)
    assert held > 50


@pytest.mark.parametrize(
    "data",
    [
        {"type": "object", "not": {}},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [{"$ref": "#"}], "type": "object", "minProperties": 3},
        {"type": "string", "pattern": "\\p{Lu}+"},
        {"type": "string", "minLength": 10**9},
        {"type": "number", "minimum": 5, "maximum": 3},
        {"type": "integer", "minimum": 10**400},
        {"type": "array", "minItems": 10**9, "items": {"const": 1}},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "enum": []},
        {"type": "record", "name": "N", "fields": [{"name": "n", "type": []}]},
        {
            "type": "record",
            "name": "N",
            "fields": [{"name": "n", "type": {"type": "record", "name": "M", "fields": []}}, {"name": "o", "type": "N"}],
        },
        {
            "type": "record",
            "name": "N",
            "fields": [{"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": -1}}],
        },
    ],
)
def test_a_schema_that_nothing_can_be_made_of_is_tried_with_nothing(tmp_path: Path, data: Any) -> None:
    found = schema(tmp_path, data)

    assert example(found, []) is None
    assert simplest_refused(contents(found), print) is None
