"""From a record's bytes to what a handler gets, for the consumer and for whoever rehearses a handler without Kafka."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage

from shop_kit import wire
from shop_kit.messages import Received, Subscription

E = TypeVar("E", bound=ProtobufMessage)
MOST_DIGITS = 18
"""What fits a 64-bit number; Python refuses to read some thousands of them."""


def receive(
    subscription: Subscription[E],
    *,
    value: bytes | None,
    headers: Mapping[str, str],
    key: bytes | None,
    partition: int = 0,
    offset: int = 0,
) -> Received[E]:
    """Return a record of the subscription's topic as its handler gets it. Raises wire.MalformedMessage."""
    if value is None:
        raise wire.MalformedMessage("the record has no value")
    _schema_id, path, content = wire.unframe(value)
    if path != _path(cast("Hashable", subscription.event_type)):
        raise wire.MalformedMessage(f"message path {path} is not that of {subscription.event_type.DESCRIPTOR.full_name}")
    event = subscription.event_type()
    try:
        event.ParseFromString(content)
    except DecodeError as error:
        raise wire.MalformedMessage(f"not a {subscription.event_type.DESCRIPTOR.full_name}: {error}") from error
    missing = [name for name in ("ce_id", "ce_type", "ce_source", "ce_sequence") if name not in headers]
    if missing:
        raise wire.MalformedMessage(f"CloudEvents headers are missing: {', '.join(missing)}")
    if not (headers["ce_sequence"].isdecimal() and len(headers["ce_sequence"]) <= MOST_DIGITS):
        raise wire.MalformedMessage(f"ce_sequence is not a sequence number: {headers['ce_sequence'][:50]!r}")
    return Received(
        event=event,
        id=headers["ce_id"],
        type=headers["ce_type"],
        source=headers["ce_source"],
        sequence=int(headers["ce_sequence"]),
        key=(key or b"").decode(errors="replace"),
        topic=subscription.topic,
        partition=partition,
        offset=offset,
        headers=headers,
    )


@cache
def _path(event_type: Any) -> tuple[int, ...]:
    return wire.message_path(event_type)
