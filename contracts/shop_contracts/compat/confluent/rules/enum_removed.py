"""ENUM_REMOVED: An enum is gone."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import EnumPair


def _check(pair: EnumPair) -> bool:
    return pair.update is None


RULE = Rule(
    id="ENUM_REMOVED",
    on=EnumPair,
    breaks=False,
    purpose="An enum is gone.",
    sentence=("{before} is gone from the {reader} schema; its values are plain numbers on the wire."),
    check=_check,
)
