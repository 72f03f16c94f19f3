"""FIELD_SAME_NAME: A field number keeps its name."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    old, new = (pair.old.full_name, pair.new.full_name) if pair.is_extension else (pair.old.name, pair.new.name)
    if old != new:
        yield pair.breaks(
            f"Number {pair.new.number} was {old} and is {new}: the bytes fit, and mean something else; JSON and code do not fit."
        )


RULE = Rule(
    id="FIELD_SAME_NAME",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON}),
    purpose="A field number keeps its name.",
    check=_check,
)
