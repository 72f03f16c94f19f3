"""FIELD_SAME_DEFAULT: A field keeps its default."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.defaults import can_have_default, default_of, same_default
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    if can_have_default(pair.old) and can_have_default(pair.new) and not same_default(pair.old, pair.new):
        yield pair.breaks(
            "Where the field is not set, old and new readers see different values.",
            before=f"default {pair.old.proto.default_value or default_of(pair.old)!r}",
            after=f"default {pair.new.proto.default_value or default_of(pair.new)!r}",
        )


RULE = Rule(
    id="FIELD_SAME_DEFAULT",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="A field keeps its default.",
    check=_check,
)
