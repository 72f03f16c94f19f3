"""FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY: A field holds one value, several, an object, or is required, as before."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.cardinality import JSON_GROUP, cardinality
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    before, after = cardinality(pair.old), cardinality(pair.new)
    if JSON_GROUP[before] != JSON_GROUP[after] and not pair.in_map_entry:
        yield pair.breaks(
            f"The field was {before} and is {after}: values are dropped or records refused, and JSON has another shape for it."
        )


RULE = Rule(
    id="FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
    on=FieldPair,
    categories=frozenset({Category.WIRE_JSON}),
    purpose="A field holds one value, several, an object, or is required, as before.",
    check=_check,
)
