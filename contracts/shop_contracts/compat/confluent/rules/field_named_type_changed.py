"""FIELD_NAMED_TYPE_CHANGED: A field holds another message, or one from an import that no longer fits."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import Kind, TypePair


def _check(pair: TypePair) -> bool:
    if pair.kinds != (Kind.MESSAGE, Kind.MESSAGE):
        return False
    original, update = pair.original.message, pair.update.message
    if original is None or update is None:
        return pair.original.type_name != pair.update.type_name
    return original.local_name != update.local_name or pair.nested_breaks


RULE = Rule(
    id="FIELD_NAMED_TYPE_CHANGED",
    on=TypePair,
    breaks=True,
    purpose="A field holds another message, or one from an import that no longer fits.",
    sentence=(
        "The message in this field is another one or no longer fits ({before}, {after}): {reader} consumers read "
        "its parts under a meaning that {writer} producers did not give them."
    ),
    check=_check,
)
