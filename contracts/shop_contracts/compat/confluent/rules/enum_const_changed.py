"""ENUM_CONST_CHANGED: A number of an enum has another name."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import EnumValuePair


def _check(pair: EnumValuePair) -> bool:
    return None not in (pair.original, pair.update) and pair.original != pair.update


RULE = Rule(
    id="ENUM_CONST_CHANGED",
    on=EnumValuePair,
    breaks=False,
    purpose="A number of an enum has another name.",
    sentence=(
        "The number stays and the name changed from {before} to {after}: the bytes fit, but {reader} consumers "
        "take them for something else than {writer} producers meant, and JSON does not fit at all."
    ),
    check=_check,
)
