"""FIELD_MOVED_TO_EXISTING_ONEOF: A oneof joins members that could be set side by side, one field from outside at most."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import OneofPair


def _check(pair: OneofPair) -> bool:
    return pair.origins > 1 and pair.from_outside <= 1


RULE = Rule(
    id="FIELD_MOVED_TO_EXISTING_ONEOF",
    on=OneofPair,
    breaks=True,
    purpose="A oneof joins members that could be set side by side, one field from outside at most.",
    sentence=(
        "A field from elsewhere became an alternative of members it could be set beside ({before}, {after}): "
        "where {writer} producers set both, {reader} consumers keep one."
    ),
    check=_check,
)
