"""ONEOF_REMOVED: A oneof is gone."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import OneofPair


def _check(pair: OneofPair) -> bool:
    return pair.update is None


RULE = Rule(
    id="ONEOF_REMOVED",
    on=OneofPair,
    breaks=False,
    purpose="A oneof is gone.",
    sentence=("{before} is gone from the {reader} schema; a oneof has no bytes of its own."),
    check=_check,
)
