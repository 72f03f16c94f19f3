"""FIELD_NO_DELETE_UNLESS_NAME_RESERVED: A field goes only if its name is reserved."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    reserved = set(pair.new.proto.reserved_name)
    for number, field in pair.old.by_number.items():
        if number not in pair.new.by_number and field.name not in reserved:
            yield pair.breaks(
                f"{field.name} is gone and its name is not reserved: the next field of that name is read from old JSON "
                "as this one.",
                before=field.declaration,
                after=ABSENT,
                at=str(number),
                old=field,
            )


RULE = Rule(
    id="FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
    on=MessagePair,
    categories=frozenset({Category.WIRE_JSON}),
    purpose="A field goes only if its name is reserved.",
    check=_check,
)
