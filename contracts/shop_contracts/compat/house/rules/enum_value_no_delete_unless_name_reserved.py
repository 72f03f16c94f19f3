"""ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED: A number of an enum goes only if its names are reserved."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import EnumPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: EnumPair) -> Iterator[Break]:
    reserved = set(pair.new.proto.reserved_name)
    for number, names in pair.old.by_number.items():
        if number not in pair.new.by_number and not reserved.issuperset(names):
            yield pair.breaks(
                f"{', '.join(names)} is gone and the name is not reserved: old JSON that says it fails, or later means "
                "another number.",
                before=f"{', '.join(names)} = {number}",
                after=ABSENT,
                at=str(number),
            )


RULE = Rule(
    id="ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
    on=EnumPair,
    categories=frozenset({Category.WIRE_JSON}),
    purpose="A number of an enum goes only if its names are reserved.",
    check=_check,
)
