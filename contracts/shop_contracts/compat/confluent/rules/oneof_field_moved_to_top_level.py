"""ONEOF_FIELD_MOVED_TO_TOP_LEVEL: A member of a oneof became a field of its own."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FieldPair


def _check(pair: FieldPair) -> bool:
    if pair.original is None or pair.update is None:
        return False
    return pair.original.oneof is not None and pair.update.oneof is None


RULE = Rule(
    id="ONEOF_FIELD_MOVED_TO_TOP_LEVEL",
    on=FieldPair,
    breaks=False,
    purpose="A member of a oneof became a field of its own.",
    sentence=("{before} left its oneof ({after}); number and type stay, so {reader} consumers read it as before."),
    check=_check,
)
