"""FIELD_WIRE_COMPATIBLE_CARDINALITY: A field holds one value, several, or is required, as before."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.cardinality import WIRE_GROUP, cardinality
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    before, after = cardinality(pair.old), cardinality(pair.new)
    if WIRE_GROUP[before] != WIRE_GROUP[after] and not pair.in_map_entry:
        yield pair.breaks(f"The field was {before} and is {after}: values are dropped, or records refused, on one of the sides.")


RULE = Rule(
    id="FIELD_WIRE_COMPATIBLE_CARDINALITY",
    on=FieldPair,
    categories=frozenset({Category.WIRE}),
    purpose="A field holds one value, several, or is required, as before.",
    check=_check,
)
