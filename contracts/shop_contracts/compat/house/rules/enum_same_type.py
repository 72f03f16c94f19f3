"""ENUM_SAME_TYPE: An enum stays open or closed."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import EnumPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: EnumPair) -> Iterator[Break]:
    if pair.old.is_closed != pair.new.is_closed:
        yield pair.breaks(
            "A number the reader does not know is kept by an open enum and set aside by a closed one.",
            before="closed" if pair.old.is_closed else "open",
            after="closed" if pair.new.is_closed else "open",
        )


RULE = Rule(
    id="ENUM_SAME_TYPE",
    on=EnumPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="An enum stays open or closed.",
    check=_check,
)
