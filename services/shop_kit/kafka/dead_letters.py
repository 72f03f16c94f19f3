"""Dead letters: records that a group could not handle, kept byte for byte in `<topic>.<group>.dlq` with where and why they died."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from confluent_kafka import Message

from shop_kit.errors import Transient
from shop_kit.kafka.letters import REDRIVE, SUFFIX
from shop_kit.kafka.producer import MessageRefused, Refusal
from shop_kit.kafka.records import raw_headers, text_headers
from shop_kit.resilience.retry import Retry

_log = logging.getLogger(__name__)

LONGEST_REASON = 1_000
_ORIGIN = ("topic", "partition", "offset")


class Cause(StrEnum):
    """Why a record became a dead letter."""

    INVALID = "invalid"
    """The message is wrong: its handler, or its bytes, say so."""
    PARKED = "parked"
    """It was tried for long and nobody says that it is wrong: it may well work when it is sent back."""


class RawProducer(Protocol):
    """Publishes bytes as they are."""

    def send_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, str | bytes | None]]
    ) -> asyncio.Future[None]:
        """Hand a record over and get a future for its acknowledgement (Transient, MessageRefused)."""
        ...


def topic_of(topic: str, group: str) -> str:
    """Return where a group's dead letters of a topic go: its own, so that sending them back reaches that group alone."""
    return f"{topic}.{group}{SUFFIX}"


class DeadLetters:
    """Buries what a group cannot handle."""

    def __init__(self, producer: RawProducer, *, group: str) -> None:
        self._producer = producer
        self._group = group

    async def bury(self, message: Message, *, cause: Cause, reason: str, attempts: int) -> bool:
        """Publish the record, waiting for Kafka. False when nothing can take it: there is no such topic.

        A record that is too large with its new headers is buried without its value, which its own topic still has. One that was
        sent back and fails again becomes a new letter, of the message that it was from the beginning.
        """
        headers = text_headers(message)
        if REDRIVE in headers:
            topic, origin = message.topic() or "", {name: headers.get(f"dlq_{name}", "") for name in _ORIGIN}
        else:
            topic = topic_of(message.topic() or "", self._group)
            origin = {"topic": str(message.topic()), "partition": str(message.partition()), "offset": str(message.offset())}
        why: list[tuple[str, str | bytes | None]] = [
            *((f"dlq_{name}", value) for name, value in origin.items()),
            ("dlq_attempts", str(attempts)),
            ("dlq_cause", cause.value),
            ("dlq_reason", reason[:LONGEST_REASON]),
        ]
        kept = [(name, value) for name, value in raw_headers(message) if not name.startswith("dlq_")]
        where = {"dead_letters": topic, "offset": message.offset(), "partition": message.partition(), "reason": reason}
        try:
            await self._send(topic, message.key(), message.value(), [*kept, *why])
        except MessageRefused as refused:
            if refused.refusal is not Refusal.TOO_LARGE:
                _log.error("a message is dropped: its dead letter has no place", extra=where)
                return False
            await self._send(topic, message.key(), None, [*why, ("dlq_value", "left out: too large")])
        _log.error("a message went to the dead letters", extra={**where, "cause": cause.value})
        return True

    async def _send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, str | bytes | None]]
    ) -> None:
        waits = Retry.patient().delays()
        while True:
            try:
                await self._producer.send_raw(topic, key, value, headers)
            except Transient as error:
                _log.warning("a dead letter could not be published yet", extra={"dead_letters": topic, "reason": str(error)})
                await asyncio.sleep(next(waits))
            else:
                return
