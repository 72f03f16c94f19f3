"""FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED: A field goes only if its number is reserved."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import ranges
from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    reserved = ranges.merged(pair.new.reserved_ranges)
    for number, field in pair.old.by_number.items():
        if number not in pair.new.by_number and not ranges.contains(reserved, number):
            yield pair.breaks(
                f"{field.name} is gone and {number} is not reserved: the next field of that number is read from old "
                "records as this one.",
                before=field.declaration,
                after=ABSENT,
                at=str(number),
                old=field,
            )


RULE = Rule(
    id="FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
    on=MessagePair,
    categories=frozenset({Category.WIRE_JSON, Category.WIRE}),
    purpose="A field goes only if its number is reserved.",
    check=_check,
)
