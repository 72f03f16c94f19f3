"""The outbox in DynamoDB: messages are items of a table of their own, written in the transaction of the effect.

What this process commits it publishes at once from memory, and removes from the table in batches; so a message costs no read and a
fraction of a write beyond its transaction. Many messages of one commit are one item, a parcel. What a dead process left is found by
scanning the table, which is nearly empty at all times. A message counts as held by this process only once its transaction is known
to have committed: when the answer was lost, or the work cancelled, the table is where it is found.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator, Sequence
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
from shop_kit.outbox.parcels import FEWEST, PARTITION, Parcels, packed, parcel, parcel_key, size_of
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
        self._waiting = DynamoOutboxTable(dynamo, outbox_table, clock)
        self._publisher = Publisher(self._waiting, producer, metrics)

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
        items = [*self._items(messages, now)]
        try:
            await self._dynamo.transact([*writes, *marks, *(self._put(item) for item in items)])
        except TransactionCancelled as error:
            if handling and len(writes) in error.failed:
                raise AlreadyHandled(handling) from error
            raise
        self._waiting.note_written(items)
        for message in messages:
            self._publisher.offer(message)

    async def settle(self, seconds: float) -> None:
        """Return when everything that was committed here is published and removed. Raises Unavailable when that takes longer."""
        await self._publisher.settle(seconds)

    def _items(self, messages: Sequence[OutgoingMessage], now: float) -> Iterator[Item]:
        """Yield the items that hold messages: one for each of a few, parcels for many."""
        for message in messages:
            if (size := size_of(message)) > LARGEST_MESSAGE_BYTES:
                raise MessageTooLarge(message, size)
        written_at = {"written_at": int(now * 1000)}
        if len(messages) < FEWEST:
            yield from ({**_item(message), **written_at} for message in messages)
        else:
            yield from ({**parcel(lot), **written_at} for lot in packed(messages, largest=LARGEST_MESSAGE_BYTES))

    def _put(self, item: Item) -> Put:
        return Put(self._outbox_table, item, condition="attribute_not_exists(pk)")


class DynamoOutboxTable:
    """An OutboxTable of items: partition key `pk` is the message's key, sort key `sk` its sequence and id."""

    def __init__(self, dynamo: Dynamo, table: str, clock: Clock) -> None:
        self._dynamo = dynamo
        self._table = table
        self._clock = clock
        self._parcels = Parcels()

    def note_written(self, items: Sequence[Item]) -> None:
        """Take note of items that this process has written."""
        for item in items:
            self._messages(item)

    async def before(self, message: OutgoingMessage) -> Sequence[OutgoingMessage]:
        """Return what is there of the same key with a lower sequence."""
        values = {":key": message.key, ":own": _sort_key(message)}
        found = [_message(item) async for item in self._dynamo.query_all(self._table, "pk = :key AND sk < :own", values)]
        async for item in self._dynamo.query_all(self._table, "pk = :parcels", {":parcels": PARTITION}):
            found += [one for one in self._messages(item) if one.key == message.key and one.sequence < message.sequence]
        return sorted(found, key=lambda one: one.sequence)

    async def left_behind(self, *, seconds: float) -> AsyncGenerator[Sequence[OutgoingMessage], None]:
        """Yield what was written at least `seconds` ago."""
        written_before = (self._clock.now() - seconds) * 1000
        gone = {*self._parcels}
        start: Item | None = None
        while True:
            page = await self._dynamo.scan(self._table, limit=PAGE, start=start)
            gone -= {item["sk"] for item in page.items if item["pk"] == PARTITION}
            left = [item for item in page.items if seconds == 0 or item["written_at"] <= written_before]
            yield [message for item in left for message in self._messages(item)]
            if page.next_key is None:
                self._parcels.forget(gone)
                return
            start = page.next_key

    async def remove(self, messages: Collection[OutgoingMessage]) -> None:
        """Remove published messages; a parcel goes with the last one of it."""
        # One that was published twice is there once.
        keys = {message.id: _key(message) for message in messages if not self._parcels.holds(message)}
        emptied = map(parcel_key, self._parcels.emptied_by(messages))
        await self._dynamo.delete_many(self._table, [*keys.values(), *emptied])
        self._parcels.note_published(messages)

    def _messages(self, item: Item) -> Sequence[OutgoingMessage]:
        return self._parcels.take_in(item) if item["pk"] == PARTITION else [_message(item)]


def _item(message: OutgoingMessage) -> Item:
    return {
        **_key(message),
        "topic": message.topic,
        "sequence": message.sequence,
        "body": message.body,
        "headers": msgspec.json.encode(dict(message.headers)).decode(),
    }


def _key(message: OutgoingMessage) -> dict[str, str]:
    # The id keeps two messages apart that claim the same place, instead of failing the second one's transaction for ever.
    return {"pk": message.key, "sk": _sort_key(message)}


def _sort_key(message: OutgoingMessage) -> str:
    return f"{message.sequence:012d}#{message.id}"


def _message(item: dict[str, Any]) -> OutgoingMessage:
    return OutgoingMessage(item["topic"], item["pk"], item["sequence"], item["body"], _HEADERS.decode(item["headers"]))
