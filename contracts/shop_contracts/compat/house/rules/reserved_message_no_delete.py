"""RESERVED_MESSAGE_NO_DELETE: What a message reserves stays reserved."""

from __future__ import annotations

from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.reservations import given_up
from shop_contracts.compat.house.rule import Category, Rule

RULE = Rule(
    id="RESERVED_MESSAGE_NO_DELETE",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="What a message reserves stays reserved.",
    check=given_up,
)
