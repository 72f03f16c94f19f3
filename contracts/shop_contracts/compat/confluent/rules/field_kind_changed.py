"""FIELD_KIND_CHANGED: A field turned from scalar, message or map into another of the three."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import TypePair


def _check(pair: TypePair) -> bool:
    return pair.kinds[0] is not pair.kinds[1]


RULE = Rule(
    id="FIELD_KIND_CHANGED",
    on=TypePair,
    breaks=True,
    purpose="A field turned from scalar, message or map into another of the three.",
    sentence=(
        "The value was {before} and is {after}: {reader} consumers cannot decode the bytes that {writer} producers write there."
    ),
    check=_check,
)
