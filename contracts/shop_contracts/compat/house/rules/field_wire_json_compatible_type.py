"""FIELD_WIRE_JSON_COMPATIBLE_TYPE: A field's type reads the bytes and the JSON of the old one."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.kinds import WIRE_JSON_GROUP, same_named_type, type_text
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    if WIRE_JSON_GROUP[pair.old.type] != WIRE_JSON_GROUP[pair.new.type] or not same_named_type(pair.old, pair.new):
        yield pair.breaks(
            "The new type reads the bytes or the JSON of the old one as another value, or not at all.",
            before=type_text(pair.old),
            after=type_text(pair.new),
        )


RULE = Rule(
    id="FIELD_WIRE_JSON_COMPATIBLE_TYPE",
    on=FieldPair,
    categories=frozenset({Category.WIRE_JSON}),
    purpose="A field's type reads the bytes and the JSON of the old one.",
    check=_check,
)
