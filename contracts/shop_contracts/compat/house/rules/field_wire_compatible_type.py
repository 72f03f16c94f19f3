"""FIELD_WIRE_COMPATIBLE_TYPE: A field's type reads the bytes of the old one."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.kinds import WIRE_GROUP, same_named_type, type_text
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    before, after = WIRE_GROUP[pair.old.type], WIRE_GROUP[pair.new.type]
    if (before, after) == ("string", "bytes"):
        return
    if before != after or not same_named_type(pair.old, pair.new):
        yield pair.breaks(
            "The new type reads the bytes of the old one as another value, or not at all.",
            before=type_text(pair.old),
            after=type_text(pair.new),
        )


RULE = Rule(
    id="FIELD_WIRE_COMPATIBLE_TYPE",
    on=FieldPair,
    categories=frozenset({Category.WIRE}),
    purpose="A field's type reads the bytes of the old one.",
    check=_check,
)
