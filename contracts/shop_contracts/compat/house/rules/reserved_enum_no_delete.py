"""RESERVED_ENUM_NO_DELETE: What an enum reserves stays reserved."""

from __future__ import annotations

from shop_contracts.compat.house.pairs import EnumPair
from shop_contracts.compat.house.reservations import given_up
from shop_contracts.compat.house.rule import Category, Rule

RULE = Rule(
    id="RESERVED_ENUM_NO_DELETE",
    on=EnumPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="What an enum reserves stays reserved.",
    check=given_up,
)
