"""ONEOF_ADDED: A oneof is there that was not."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import OneofPair


def _check(pair: OneofPair) -> bool:
    return pair.original is None


RULE = Rule(
    id="ONEOF_ADDED",
    on=OneofPair,
    breaks=False,
    purpose="A oneof is there that was not.",
    sentence=("{after} is new to the {reader} schema; a oneof has no bytes of its own."),
    check=_check,
)
