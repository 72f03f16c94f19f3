"""ENUM_ADDED: An enum is there that was not."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import EnumPair


def _check(pair: EnumPair) -> bool:
    return pair.original is None


RULE = Rule(
    id="ENUM_ADDED",
    on=EnumPair,
    breaks=False,
    purpose="An enum is there that was not.",
    sentence=("{after} is new to the {reader} schema; nothing that {writer} producers write refers to it."),
    check=_check,
)
