"""MULTIPLE_FIELDS_MOVED_TO_ONEOF: A oneof takes in several fields that could be set side by side."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import OneofPair


def _check(pair: OneofPair) -> bool:
    return pair.origins > 1 and pair.from_outside > 1


RULE = Rule(
    id="MULTIPLE_FIELDS_MOVED_TO_ONEOF",
    on=OneofPair,
    breaks=True,
    purpose="A oneof takes in several fields that could be set side by side.",
    sentence=(
        "Several fields that {writer} producers set side by side are now alternatives ({after}): {reader} "
        "consumers keep the last one and drop the others."
    ),
    check=_check,
)
