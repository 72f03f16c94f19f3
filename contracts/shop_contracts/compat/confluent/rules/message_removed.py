"""MESSAGE_REMOVED: A message is gone."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import MessagePair


def _check(pair: MessagePair) -> bool:
    return pair.update is None


RULE = Rule(
    id="MESSAGE_REMOVED",
    on=MessagePair,
    breaks=True,
    purpose="A message is gone.",
    sentence=(
        "{before} is gone from the {reader} schema: a record of that type, written by {writer} producers, has no "
        "type to be read as."
    ),
    check=_check,
)
