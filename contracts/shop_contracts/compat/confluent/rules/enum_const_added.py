"""ENUM_CONST_ADDED: An enum has a number it did not have."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import EnumValuePair


def _check(pair: EnumValuePair) -> bool:
    return pair.original is None


RULE = Rule(
    id="ENUM_CONST_ADDED",
    on=EnumValuePair,
    breaks=False,
    purpose="An enum has a number it did not have.",
    sentence=("{after} is new to the {reader} schema; {writer} producers never write it."),
    check=_check,
)
