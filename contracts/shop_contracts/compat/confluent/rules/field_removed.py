"""FIELD_REMOVED: A field outside any oneof is gone."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair, is_required


def _check(pair: FieldPair) -> bool:
    return pair.update is None and pair.original is not None and pair.original.oneof is None and not is_required(pair.original)


RULE = Rule(
    id="FIELD_REMOVED",
    on=FieldPair,
    breaks=False,
    purpose="A field outside any oneof is gone.",
    sentence=("{before} is gone from the {reader} schema; what {writer} producers put there ends in the unknown fields."),
    check=_check,
)
