"""The outbox in DynamoDB: messages are items of a table of their own, written in the transaction of the effect.

What this process commits it publishes at once from memory, and removes from the table in batches; so a message costs no read and a
fraction of a write beyond its transaction. What a dead process left is found by scanning the table, which is nearly empty at all
times. A message counts as held by this process only once its transaction is known to have committed: when the answer was lost, or
the work cancelled, the table is where it is found.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from shop_kit.aws.dynamo import Dynamo, Item, Put, TransactionCancelled, Write
from shop_kit.clock import Clock, SystemClock
from shop_kit.errors import Invalid
from shop_kit.inbox import AlreadyHandled
from shop_kit.inbox.dynamo import mark
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.outbox.publisher import Publisher, Sender

PAGE = 200
LARGEST_MESSAGE_BYTES = 300_000
"""Of body and headers: DynamoDB takes items up to 400 KB, Kafka's brokers records up to 1 MB."""
_HEADERS = msgspec.json.Decoder(dict[str, str])


class MessageTooLarge(Invalid):
    """A message that could be written but never published."""

    def __init__(self, message: OutgoingMessage, size: int) -> None:
        super().__init__(f"a message to {message.topic} of {size} bytes; at most {LARGEST_MESSAGE_BYTES} are taken")


class DynamoOutbox:
    """Commits effects together with what they say, and publishes it."""

    def __init__(self, dynamo: Dynamo, *, table: str, outbox_table: str, producer: Sender, metrics: Metrics, clock: Clock) -> None:
        self._dynamo = dynamo
        self._table = table
        self._outbox_table = outbox_table
        self._clock = clock
        self._publisher = Publisher(DynamoOutboxTable(dynamo, outbox_table, clock), producer, metrics)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dynamo: Dynamo,
        *,
        table: str,
        outbox_table: str,
        producer: Sender,
        metrics: Metrics | None = None,
        clock: Clock | None = None,
        drain_seconds: Callable[[], float] = lambda: 3.0,
    ) -> AsyncIterator[DynamoOutbox]:
        """Publish in the block; what was committed is published before the end, if Kafka answers within seconds.

        `clock` tells the age of messages, which stores keep in real time.
        """
        outbox = cls(
            dynamo,
            table=table,
            outbox_table=outbox_table,
            producer=producer,
            metrics=metrics or Metrics(),
            clock=clock or SystemClock(),
        )
        async with outbox._publisher.publishing(drain_seconds):
            yield outbox

    async def commit(
        self, writes: Sequence[Write], *, messages: Sequence[OutgoingMessage] = (), handling: str | None = None
    ) -> None:
        """Write all in one transaction: `writes`, `messages`, and that the message with identity `handling` had its effect.

        Raises AlreadyHandled when that message had it before, TransactionCancelled (with positions in `writes`) when conditions
        failed, MessageTooLarge.
        """
        now = self._clock.now()
        marks = [mark(self._table, handling, now=now)] if handling else []
        try:
            await self._dynamo.transact([*writes, *marks, *(self._item(message, now) for message in messages)])
        except TransactionCancelled as error:
            if handling and len(writes) in error.failed:
                raise AlreadyHandled(handling) from error
            raise
        for message in messages:
            self._publisher.offer(message)

    async def settle(self, seconds: float) -> None:
        """Return when everything that was committed here is published and removed. Raises Unavailable when that takes longer."""
        await self._publisher.settle(seconds)

    def _item(self, message: OutgoingMessage, now: float) -> Put:
        headers = msgspec.json.encode(dict(message.headers))
        if len(message.body) + len(headers) > LARGEST_MESSAGE_BYTES:
            raise MessageTooLarge(message, len(message.body) + len(headers))
        item = {
            **_key(message),
            "topic": message.topic,
            "sequence": message.sequence,
            "body": message.body,
            "headers": headers.decode(),
            "written_at": int(now * 1000),
        }
        return Put(self._outbox_table, item, condition="attribute_not_exists(pk)")


class DynamoOutboxTable:
    """An OutboxTable of items: partition key `pk` is the message's key, sort key `sk` its sequence and id."""

    def __init__(self, dynamo: Dynamo, table: str, clock: Clock) -> None:
        self._dynamo = dynamo
        self._table = table
        self._clock = clock

    async def before(self, message: OutgoingMessage) -> Sequence[OutgoingMessage]:
        """Return what is there of the same key with a lower sequence."""
        values = {":key": message.key, ":own": _sort_key(message)}
        return [_message(item) async for item in self._dynamo.query_all(self._table, "pk = :key AND sk < :own", values)]

    async def left_behind(self, *, seconds: float) -> AsyncGenerator[Sequence[OutgoingMessage], None]:
        """Yield what was written at least `seconds` ago."""
        written_before = (self._clock.now() - seconds) * 1000
        start: Item | None = None
        while True:
            page = await self._dynamo.scan(self._table, limit=PAGE, start=start)
            yield [_message(item) for item in page.items if seconds == 0 or item["written_at"] <= written_before]
            if page.next_key is None:
                return
            start = page.next_key

    async def remove(self, messages: Collection[OutgoingMessage]) -> None:
        """Remove published messages."""
        keys = {message.id: _key(message) for message in messages}  # one that was published twice is there once
        await self._dynamo.delete_many(self._table, [*keys.values()])


def _key(message: OutgoingMessage) -> dict[str, str]:
    # The id keeps two messages apart that claim the same place, instead of failing the second one's transaction for ever.
    return {"pk": message.key, "sk": _sort_key(message)}


def _sort_key(message: OutgoingMessage) -> str:
    return f"{message.sequence:012d}#{message.id}"


def _message(item: dict[str, Any]) -> OutgoingMessage:
    return OutgoingMessage(item["topic"], item["pk"], item["sequence"], item["body"], _HEADERS.decode(item["headers"]))
