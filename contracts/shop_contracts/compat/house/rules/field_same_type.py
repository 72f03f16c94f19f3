"""FIELD_SAME_TYPE: A field keeps its type."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.kinds import NAMED, type_text
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    same_name = pair.new.proto.type not in NAMED or pair.old.type_name == pair.new.type_name
    if pair.old.type != pair.new.type or not same_name:
        yield pair.breaks("Generated code has another type for the field.", before=type_text(pair.old), after=type_text(pair.new))


RULE = Rule(
    id="FIELD_SAME_TYPE",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A field keeps its type.",
    check=_check,
)
