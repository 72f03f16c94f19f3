"""MESSAGE_ADDED: A message is there that was not."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import MessagePair


def _check(pair: MessagePair) -> bool:
    return pair.original is None


RULE = Rule(
    id="MESSAGE_ADDED",
    on=MessagePair,
    breaks=False,
    purpose="A message is there that was not.",
    sentence=("{after} is new to the {reader} schema; nothing that {writer} producers write refers to it."),
    check=_check,
)
