from __future__ import annotations

from typing import Any

import pytest
from shop_contracts.registry.avro import InvalidAvro, check_avro


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
    check_avro(schema)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("str", "not a defined name"),
        (7, "a type is"),
        ({"items": "int"}, "a type is"),
        ({"type": "array"}, "needs `items`"),
        (["null", "null"], "twice in the union"),
        (["null", ["int"]], "another union"),
        (record({"name": "a", "type": "str"}), "#/Order/a"),
        (record({"name": "a", "type": "string", "default": None}), "default None"),
        (record({"name": "a", "type": "int", "default": 2**31}), "default"),
        (record({"name": "a", "type": "int"}, {"name": "a", "type": "int"}), "twice"),
        (record({"name": "1a", "type": "int"}), "needs a `name`"),
        ({"type": "record", "name": "A"}, "`fields`"),
        ({"type": "enum", "name": "E", "symbols": ["A", "A"]}, "twice"),
        ({"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}, "no symbol"),
        ({"type": "fixed", "name": "F"}, "`size`"),
        (record({"name": "a", "type": {"type": "record", "name": "shop.Order", "fields": []}}), "defined twice"),
    ],
)
def test_a_schema_against_the_specification_is_refused_with_its_place(schema: Any, why: str) -> None:
    with pytest.raises(InvalidAvro, match=why):
        check_avro(schema)


def test_a_type_of_a_reference_may_be_named() -> None:
    check_avro(record({"name": "line", "type": "shop.Line"}), known={"shop.Line"})


def test_types_nested_too_deep_are_refused() -> None:
    schema: Any = "int"
    for _ in range(500):
        schema = {"type": "array", "items": schema}

    with pytest.raises(InvalidAvro, match="nested"):
        check_avro(schema)
