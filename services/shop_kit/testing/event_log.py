"""A topic in memory: what a service published, as a consumer would get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from google.protobuf.message import Message as ProtobufMessage

from shop_kit import wire
from shop_kit.messages import OutgoingMessage, Received

E = TypeVar("E", bound=ProtobufMessage)


class EventLog:
    """Collects messages in the order of their publication. Stands in for a Producer."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Take messages in."""
        self.messages += messages

    def of_key(self, key: str) -> list[OutgoingMessage]:
        """Return the messages of one key, oldest first."""
        return [message for message in self.messages if message.key == key]


def received(message: OutgoingMessage, event_type: type[E], *, offset: int = 0) -> Received[E]:
    """Return the message as its consumer receives it, through the bytes of the wire."""
    _schema_id, _path, content = wire.unframe(wire.frame(1, message.body))
    event = event_type()
    event.ParseFromString(content)
    return Received(
        event=event,
        id=message.id,
        type=message.headers["ce_type"],
        source=message.headers["ce_source"],
        sequence=message.sequence,
        key=message.key,
        topic=message.topic,
        partition=0,
        offset=offset,
        headers=message.headers,
    )
