"""REQUIRED_FIELD_ADDED: A required field is there that was not."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair, is_required


def _check(pair: FieldPair) -> bool:
    return pair.original is None and pair.update is not None and pair.update.oneof is None and is_required(pair.update)


RULE = Rule(
    id="REQUIRED_FIELD_ADDED",
    on=FieldPair,
    breaks=True,
    purpose="A required field is there that was not.",
    sentence=(
        "{after} is required by the {reader} schema and unknown to {writer} producers: every record they write is"
        " refused as incomplete."
    ),
    check=_check,
)
