"""FIELD_SAME_CARDINALITY: A field holds values the same way."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.cardinality import cardinality
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    before, after = cardinality(pair.old), cardinality(pair.new)
    if before is not after and not pair.in_map_entry:
        yield pair.breaks(f"The field was {before} and is {after}: generated code has another type or other accessors for it.")


RULE = Rule(
    id="FIELD_SAME_CARDINALITY",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A field holds values the same way.",
    check=_check,
)
