"""FIELD_NAME_CHANGED: A field number has another name."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair


def _check(pair: FieldPair) -> bool:
    return pair.original is not None and pair.update is not None and pair.original.name != pair.update.name


RULE = Rule(
    id="FIELD_NAME_CHANGED",
    on=FieldPair,
    breaks=False,
    purpose="A field number has another name.",
    sentence=("The number stays and the name changed ({before}, {after}): the bytes fit, generated code and JSON do not."),
    check=_check,
)
