"""FIELD_STRING_OR_BYTES_LABEL_CHANGED: The label of a string or of bytes changed."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import Family, TypePair


def _check(pair: TypePair) -> bool:
    return pair.label_changed and pair.families == (Family.STRING_OR_BYTES, Family.STRING_OR_BYTES)


RULE = Rule(
    id="FIELD_STRING_OR_BYTES_LABEL_CHANGED",
    on=TypePair,
    breaks=False,
    purpose="The label of a string or of bytes changed.",
    sentence=(
        "The label changed ({before}, {after}); strings are never packed, so {reader} consumers get the value, or"
        " the last of several."
    ),
    check=_check,
)
