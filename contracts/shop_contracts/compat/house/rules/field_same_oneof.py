"""FIELD_SAME_ONEOF: A field stays in its oneof, or outside."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    if pair.old.oneof != pair.new.oneof and not pair.is_extension:
        yield pair.breaks(
            "Fields that can be set side by side on one side are alternatives on the other, which keeps only the last.",
            before=f"in oneof {pair.old.oneof}" if pair.old.oneof else "in no oneof",
            after=f"in oneof {pair.new.oneof}" if pair.new.oneof else "in no oneof",
        )


RULE = Rule(
    id="FIELD_SAME_ONEOF",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="A field stays in its oneof, or outside.",
    check=_check,
)
