"""ENUM_VALUE_NO_DELETE: A number of an enum stays."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import EnumPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: EnumPair) -> Iterator[Break]:
    for number, names in pair.old.by_number.items():
        if number not in pair.new.by_number:
            yield pair.breaks(
                f"{', '.join(names)} is gone: code that uses it no longer compiles.",
                before=f"{', '.join(names)} = {number}",
                after=ABSENT,
                at=str(number),
            )


RULE = Rule(
    id="ENUM_VALUE_NO_DELETE",
    on=EnumPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A number of an enum stays.",
    check=_check,
)
