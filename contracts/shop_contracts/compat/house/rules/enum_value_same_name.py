"""ENUM_VALUE_SAME_NAME: A number of an enum keeps its names."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import EnumNumberPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: EnumNumberPair) -> Iterator[Break]:
    before, after = pair.old.by_number[pair.number], pair.new.by_number[pair.number]
    if not set(before) <= set(after):
        old, new = ", ".join(sorted(before)), ", ".join(sorted(after))
        yield pair.breaks(
            f"{pair.number} meant {old} and means {new}: the bytes fit, and say something else.",
            before=f"{old} = {pair.number}",
            after=f"{new} = {pair.number}",
        )


RULE = Rule(
    id="ENUM_VALUE_SAME_NAME",
    on=EnumNumberPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON}),
    purpose="A number of an enum keeps its names.",
    check=_check,
)
