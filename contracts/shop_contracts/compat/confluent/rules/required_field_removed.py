"""REQUIRED_FIELD_REMOVED: A required field is gone."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair, is_required


def _check(pair: FieldPair) -> bool:
    return pair.update is None and pair.original is not None and pair.original.oneof is None and is_required(pair.original)


RULE = Rule(
    id="REQUIRED_FIELD_REMOVED",
    on=FieldPair,
    breaks=True,
    purpose="A required field is gone.",
    sentence=("{before} is gone from the {reader} schema although {writer} code treats a record without it as incomplete."),
    check=_check,
)
