from __future__ import annotations

from typing import Any

import pytest
from shop_contracts.compat.avro.printing import printed
from shop_contracts.compat.avro.reading import InvalidAvro, read


def record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "Order", "namespace": "shop", "fields": list(fields)}


@pytest.mark.parametrize(
    "schema",
    [
        "string",
        {"type": "string", "logicalType": "uuid"},
        ["null", "string"],
        {"type": "array", "items": "int"},
        {"type": "map", "values": ["null", "bytes"]},
        record({"name": "id", "type": "long", "default": 0}, {"name": "next", "type": ["null", "Order"], "default": None}),
        record({"name": "up", "type": "shop.Order"}),
        record({"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}, "default": "A"}),
        record({"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 16}}),
        record({"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4}, "default": "\x00"}),
        record({"name": "sums", "type": {"type": "map", "values": "double"}, "default": {"a": 1}}),
        record({"name": "either", "type": ["null", "string"], "default": "x"}),
    ],
)
def test_a_schema_by_the_specification_is_accepted(schema: Any) -> None:
    read(schema)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("str", "from str"),
        (7, "from 7"),
        ({"items": "int"}, "type"),
        ({"type": "array"}, "from None"),
        (["null", "null"], "already in Union"),
        (["null", ["int"]], "other unions"),
        (record({"name": "a", "type": "str"}), "from str"),
        (record({"name": "a", "type": "string", "default": None}), "#/Order/a: the default 'None'"),
        (record({"name": "a", "type": "int", "default": 2**31}), "#/Order/a: the default"),
        (record({"name": "a", "type": "int", "default": True}), "#/Order/a: the default"),
        (record({"name": "a", "type": {"type": "array", "items": "int"}, "default": ["x"]}), "#/Order/a: the default"),
        (record({"name": "a", "type": {"type": "fixed", "name": "F", "size": 2}, "default": "abc"}), "#/Order/a: the default"),
        (record({"name": "a", "type": "int"}, {"name": "a", "type": "int"}), "already in use"),
        (record({"name": "1a", "type": "int"}), "no digit first"),
        ({"type": "record", "name": "1A", "fields": []}, "not a valid Avro name"),
        ({"type": "record", "name": "A"}, "fields"),
        ({"type": "record", "fields": []}, "Name None"),
        ({"type": "enum", "name": "E", "symbols": ["A", "A"]}, "Duplicate"),
        ({"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}, "not a valid member"),
        ({"type": "fixed", "name": "F"}, "size"),
        (record({"name": "a", "type": {"type": "record", "name": "shop.Order", "fields": []}}), "already in use"),
    ],
)
def test_a_schema_against_the_specification_is_refused_with_its_place(schema: Any, why: str) -> None:
    with pytest.raises(InvalidAvro, match=why):
        read(schema)


def test_a_type_inside_a_reference_may_be_named_and_its_fields_count_in_defaults() -> None:
    price = {"type": "record", "name": "Price", "fields": [{"name": "cents", "type": "long"}]}
    line = {"type": "record", "name": "Line", "namespace": "shop", "fields": [{"name": "price", "type": price}]}

    read(record({"name": "price", "type": "Price", "default": {"cents": 1}}, {"name": "line", "type": "shop.Line"}), [line])

    with pytest.raises(InvalidAvro, match="#/Order/price: the default"):
        read(record({"name": "price", "type": "Price", "default": {"cents": "1"}}), [line])
    with pytest.raises(InvalidAvro, match="already in use"):
        read({"type": "record", "name": "Price", "namespace": "shop", "fields": []}, [line])


def test_types_nested_too_deep_are_refused() -> None:
    schema: Any = "int"
    for _ in range(500):
        schema = {"type": "array", "items": schema}

    with pytest.raises(InvalidAvro, match="nested"):
        read(schema)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string"}, '"string"'),
        ({"logicalType": "uuid", "type": "string"}, '{"type":"string","logicalType":"uuid"}'),
        (
            {
                "fields": [{"type": "int", "name": "a", "default": 1, "doc": "A."}],
                "name": "shop.Order",
                "doc": "",
                "type": "record",
            },
            '{"type":"record","name":"Order","namespace":"shop","doc":"","fields":[{"name":"a","type":"int","doc":"A.","default":1}]}',
        ),
        (
            record({"name": "next", "order": "ascending", "type": ["null", {"type": "shop.Order"}]}),
            '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"next","type":["null","Order"]}]}',
        ),
        (
            record({"name": "kind", "type": {"symbols": ["A"], "default": "A", "type": "enum", "name": "K", "namespace": "other"}}),
            '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"kind","type":{"type":"enum","name":"K",'
            '"namespace":"other","symbols":["A"],"default":"A"}}]}',
        ),
        (
            {"type": "fixed", "aliases": ["shop.Old", "x.Other"], "size": 2, "name": "F", "namespace": "shop", "extra": 1},
            '{"type":"fixed","name":"F","namespace":"shop","size":2,"extra":1,"aliases":["Old","x.Other"]}',
        ),
    ],
)
def test_a_schema_is_printed_as_the_java_library_prints_it(schema: Any, text: str) -> None:
    assert printed(read(schema)) == text


def test_the_normal_form_orders_properties_and_leaves_out_what_says_nothing() -> None:
    one = {"type": "record", "name": "A", "doc": "", "b": 1, "a": 2, "aliases": ["Y", "X"], "fields": []}
    other = {"type": "record", "name": "A", "a": 2, "b": 1, "aliases": ["X", "Y"], "fields": []}

    assert printed(read(one)) != printed(read(other))
    assert printed(read(one), normal=True) == printed(read(other), normal=True)
