"""FIELD_SCALAR_KIND_CHANGED: A scalar moved to a family with another encoding."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import TypePair


def _check(pair: TypePair) -> bool:
    return pair.families is not None and pair.families[0] is not pair.families[1]


RULE = Rule(
    id="FIELD_SCALAR_KIND_CHANGED",
    on=TypePair,
    breaks=True,
    purpose="A scalar moved to a family with another encoding.",
    sentence=(
        "The value was {before} and is {after}, encoded in another way: {reader} consumers read a wrong value or "
        "none from what {writer} producers write."
    ),
    check=_check,
)
