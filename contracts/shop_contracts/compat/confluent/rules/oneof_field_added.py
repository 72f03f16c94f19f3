"""ONEOF_FIELD_ADDED: A oneof has a member that was nowhere before."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair


def _check(pair: FieldPair) -> bool:
    return pair.original is None and pair.update is not None and pair.update.oneof is not None


RULE = Rule(
    id="ONEOF_FIELD_ADDED",
    on=FieldPair,
    breaks=False,
    purpose="A oneof has a member that was nowhere before.",
    sentence=("{after} is new to the {reader} schema; {writer} producers never set it."),
    check=_check,
)
