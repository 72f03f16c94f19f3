"""MESSAGE_MOVED: A message has another place among its neighbours."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import MessagePair


def _check(pair: MessagePair) -> bool:
    return pair.has_moved


RULE = Rule(
    id="MESSAGE_MOVED",
    on=MessagePair,
    breaks=False,
    purpose="A message has another place among its neighbours.",
    sentence=(
        "{before} changed its place among its neighbours; a record carries message indexes of the schema it was "
        "written with, so {reader} consumers still find it."
    ),
    check=_check,
)
