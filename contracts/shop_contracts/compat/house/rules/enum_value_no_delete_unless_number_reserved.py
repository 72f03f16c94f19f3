"""ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED: A number of an enum goes only if it is reserved."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import ranges
from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import EnumPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: EnumPair) -> Iterator[Break]:
    reserved = ranges.merged(pair.new.reserved_ranges)
    for number, names in pair.old.by_number.items():
        if number not in pair.new.by_number and not ranges.contains(reserved, number):
            yield pair.breaks(
                f"{', '.join(names)} is gone and {number} is not reserved: the next value of that number is read from "
                "old records as this one.",
                before=f"{', '.join(names)} = {number}",
                after=ABSENT,
                at=str(number),
            )


RULE = Rule(
    id="ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
    on=EnumPair,
    categories=frozenset({Category.WIRE_JSON, Category.WIRE}),
    purpose="A number of an enum goes only if it is reserved.",
    check=_check,
)
