"""FIELD_ADDED: A field outside any oneof is there that was not."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair, is_required


def _check(pair: FieldPair) -> bool:
    return pair.original is None and pair.update is not None and pair.update.oneof is None and not is_required(pair.update)


RULE = Rule(
    id="FIELD_ADDED",
    on=FieldPair,
    breaks=False,
    purpose="A field outside any oneof is there that was not.",
    sentence=("{after} is new to the {reader} schema; reading what {writer} producers wrote gives its default."),
    check=_check,
)
