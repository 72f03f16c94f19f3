"""Messages as services see them: a Protobuf event with CloudEvents metadata in Kafka headers.

Headers follow CloudEvents' Kafka protocol binding in binary mode (`ce_` before each attribute) with the `sequence` extension; the
correlation and causation ids and W3C's traceparent travel beside them.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

from google.protobuf.message import Message as ProtobufMessage

from shop_kit import context, wire
from shop_kit.tracing import traceparent

E = TypeVar("E", bound=ProtobufMessage)
CONTENT_TYPE = "application/protobuf"


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message that is to be published. `body` is Protobuf behind its message path: the producer adds the schema id of its topic.

    `sequence` numbers what a sender says about one thing, named by `key`: 1 for the first message, and one more for each that
    follows, over all topics, without a gap. So whoever publishes knows whether something comes before it, and a consumer of one
    topic sees it rise (with gaps, where the sender speaks of the thing on other topics as well).
    """

    topic: str
    key: str
    sequence: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def id(self) -> str:
        """Its CloudEvents id: the same for every delivery."""
        return self.headers["ce_id"]


def outgoing(
    topic: str, key: str, event: ProtobufMessage, *, source: str, sequence: int, message_id: str | None = None
) -> OutgoingMessage:
    """Dress `event` for the topic; correlation, causation and trace are those of the work at hand.

    The type is the full name of the kind that is set (`shop.orders.v1.OrderAccepted`), for a message without `oneof kind` its own.
    """
    work = context.current()
    headers = {
        "ce_specversion": "1.0",
        "ce_id": message_id or context.new_id(),
        "ce_type": event_type(event),
        "ce_source": source,
        "ce_time": _timestamp(time.time()),  # when it was made ready to leave, in the brokers' time; when it happened stands in it
        "ce_sequence": str(sequence),
        "content-type": CONTENT_TYPE,
        "correlationid": context.correlation_id(),
    }
    if work.causation_id:
        headers["causationid"] = work.causation_id
    parent = traceparent()
    if parent:
        headers["traceparent"] = parent
    return OutgoingMessage(topic, key, sequence, wire.body(event), headers)


def event_type(event: ProtobufMessage) -> str:
    """Return the full name of the message in `oneof kind`, or of the event itself."""
    own_name, kinds = _names(cast("Hashable", type(event)))
    if kinds is None:
        return own_name
    kind = event.WhichOneof("kind")
    if kind is None:
        raise ValueError(f"{own_name} has no kind set")
    return kinds[kind]


@cache
def _names(event_type: Any) -> tuple[str, Mapping[str, str] | None]:
    """Return the name of a type, and of what may be in its `oneof kind` by field, None where it has none."""
    descriptor = event_type.DESCRIPTOR
    own_name = str(descriptor.full_name)
    if "kind" not in descriptor.oneofs_by_name:
        return own_name, None
    fields = descriptor.oneofs_by_name["kind"].fields
    return own_name, {field.name: str(field.message_type.full_name) if field.message_type else own_name for field in fields}


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """A message that arrived. `id` is the same however often it is delivered."""

    event: E
    id: str
    type: str
    source: str
    sequence: int
    key: str
    topic: str
    partition: int
    offset: int
    headers: Mapping[str, str]

    @property
    def identity(self) -> str:
        """What tells it from every other message: CloudEvents makes ids unique only together with their source."""
        return f"{self.source}#{self.id}"

    @property
    def correlation_id(self) -> str | None:
        """The id of the request that all this began with."""
        return self.headers.get("correlationid")

    @property
    def causation_id(self) -> str | None:
        """The id of the message that this one answers."""
        return self.headers.get("causationid")


@dataclass(frozen=True, slots=True)
class Subscription(Generic[E]):
    """What a service does with the messages of a topic.

    `handle` raises Transient when it cannot work now (the message waits), Invalid when the message is wrong (it goes to the dead
    letters at once); any other error says nothing about the message: it is tried for long, then parked with the dead letters.
    """

    topic: str
    event_type: type[E]
    handle: Callable[[Received[E]], Awaitable[None]]
    dead_letters: bool = True
    """Whether the group keeps what it cannot handle, as `deadLetter` in its manifest says; without, that is dropped and logged."""


def _timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"
