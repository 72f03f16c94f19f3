"""FIELD_NUMERIC_LABEL_CHANGED: The label of a number changed."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import Family, TypePair


def _check(pair: TypePair) -> bool:
    if not pair.label_changed or pair.families is None:
        return False
    return pair.families[0] is pair.families[1] and pair.families[0] is not Family.STRING_OR_BYTES


RULE = Rule(
    id="FIELD_NUMERIC_LABEL_CHANGED",
    on=TypePair,
    breaks=True,
    purpose="The label of a number changed.",
    sentence=(
        "The label changed ({before}, {after}), and numbers are packed when repeated: {reader} consumers lose "
        "values that {writer} producers wrote."
    ),
    check=_check,
)
