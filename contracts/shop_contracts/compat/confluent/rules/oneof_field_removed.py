"""ONEOF_FIELD_REMOVED: A member of a oneof is gone while the oneof or other members stay."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair


def _check(pair: FieldPair) -> bool:
    if pair.update is not None or pair.original is None:
        return False
    return pair.original.oneof is not None and not pair.oneof_vanished


RULE = Rule(
    id="ONEOF_FIELD_REMOVED",
    on=FieldPair,
    breaks=True,
    purpose="A member of a oneof is gone while the oneof or other members stay.",
    sentence=(
        "{before} is gone from the {reader} schema: where {writer} producers chose it, {reader} consumers find the oneof empty."
    ),
    check=_check,
)
