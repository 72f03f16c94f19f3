"""ENUM_CONST_REMOVED: A number of an enum is gone."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import EnumValuePair


def _check(pair: EnumValuePair) -> bool:
    return pair.update is None


RULE = Rule(
    id="ENUM_CONST_REMOVED",
    on=EnumValuePair,
    breaks=False,
    purpose="A number of an enum is gone.",
    sentence=(
        "{before} is gone from the {reader} schema: {reader} consumers get the bare number, or nothing where the enum is closed."
    ),
    check=_check,
)
