"""Kafka's records and a consumer's client in memory, for what is built on confluent-kafka."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaError, Message, TopicPartition
from shop_contracts.proto.inventory.v1.commands_pb2 import CommitStock, InventoryCommand
from shop_kit import wire

T = TypeVar("T")
TOPIC = "commands"


@dataclass
class Record:
    """Stands in for confluent_kafka.Message."""

    key_: bytes | None
    value_: bytes | None
    headers_: Mapping[str, bytes]
    offset_: int = 0
    topic_: str = TOPIC
    partition_: int = 0
    error_: KafkaError | None = None

    def key(self) -> bytes | None:
        return self.key_

    def value(self) -> bytes | None:
        return self.value_

    def headers(self) -> list[tuple[str, bytes]]:
        return [*self.headers_.items()]

    def offset(self) -> int:
        return self.offset_

    def topic(self) -> str:
        return self.topic_

    def partition(self) -> int:
        return self.partition_

    def error(self) -> KafkaError | None:
        return self.error_

    def as_message(self) -> Message:
        return cast("Message", self)


def command(key: str, sequence: int | str = 1, *, offset: int = 0, value: bytes | None = None) -> Message:
    """A command as it stands in its topic, or `value` in its place."""
    body = wire.frame(1, wire.body(InventoryCommand(order_id=key, commit_stock=CommitStock())))
    headers = {
        "ce_id": f"{key}-{str(sequence)[:5]}".encode(),
        "ce_type": b"shop.inventory.v1.CommitStock",
        "ce_source": b"/test",
        "ce_sequence": str(sequence).encode(),
    }
    return Record(key.encode(), body if value is None else value, headers, offset).as_message()


@dataclass
class LetterBox:
    """A RawProducer that keeps what it is given, unless it refuses it."""

    letters: list[tuple[str, bytes | None, bytes | None, dict[str, Any]]] = field(default_factory=list)
    refuses: Callable[[str, bytes | None], Exception | None] = lambda _topic, _value: None

    def send_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, str | bytes | None]]
    ) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        error = self.refuses(topic, value)
        if error:
            done.set_exception(error)
        else:
            self.letters.append((topic, key, value, dict(headers)))
            done.set_result(None)
        return done


class InlineThread:
    """A ClientThread that is the loop itself: a poll that finds nothing lets time pass."""

    async def call(self, work: Callable[[], T]) -> T:
        await asyncio.sleep(0.01)
        return work()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """The loop cannot wait for itself: it is done a moment later."""
        self._later = asyncio.ensure_future(work)
        return cast("T", None)

    def end(self) -> None:
        """Nothing to end."""


class Client:
    """Stands in for confluent_kafka.Consumer: a queue of records, and what it was told. A pause outlives losing the partition."""

    def __init__(self) -> None:
        self.records: deque[Message] = deque()
        self.stored: list[int] = []
        self.paused: list[int] = []
        self.resumed: list[int] = []
        self.failure: Exception | None = None
        self.is_closed = False
        self._on_assign: Callable[..., None] = lambda *_: None
        self._on_revoke: Callable[..., None] = lambda *_: None
        self.assigns = True
        self.revokes = False

    def subscribe(
        self, _topics: list[str], *, on_assign: Callable[..., None], on_revoke: Callable[..., None], on_lost: object
    ) -> None:
        del on_lost
        self._on_assign, self._on_revoke = on_assign, on_revoke

    def poll(self, _timeout: float) -> Message | None:
        if self.failure:
            raise self.failure
        if self.revokes:
            self.revokes = False
            self._on_revoke(self, [TopicPartition(TOPIC, 0)])
        if self.assigns:
            self.assigns = False
            self._on_assign(self, [TopicPartition(TOPIC, 0)])
        return self.records.popleft() if self.records and not self.is_paused else None

    def consume(self, count: int, _timeout: float) -> list[Message]:
        return [self.records.popleft() for _ in range(min(count, len(self.records)))]

    @property
    def is_paused(self) -> bool:
        return len(self.paused) > len(self.resumed)

    def store_offsets(self, *, offsets: list[TopicPartition]) -> None:
        self.stored += [one.offset for one in offsets]

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused += [one.partition for one in partitions]

    def resume(self, partitions: list[TopicPartition]) -> None:
        if self.is_paused:
            self.resumed += [one.partition for one in partitions]

    def close(self) -> None:
        self.is_closed = True

    def as_client(self) -> KafkaConsumer:
        return cast("KafkaConsumer", self)
