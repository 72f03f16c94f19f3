"""The outbox in DynamoDB: messages are items of a table of their own, written in the transaction of the effect.

What this process commits it publishes at once from memory, and removes from the table in batches; so a message costs no read and a
fraction of a write beyond its transaction. What a dead process left is found by scanning the table, which is nearly empty at
all times.
A key's messages carry a gapless sequence: before a message is published whose predecessor this process did not publish itself, the
table is asked for predecessors.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from shop_kit.aws.dynamo import Dynamo, Item, Put, TransactionCancelled, Write
from shop_kit.clock import Clock, SystemClock
from shop_kit.errors import Transient
from shop_kit.inbox import AlreadyHandled
from shop_kit.inbox.dynamo import mark
from shop_kit.kafka.producer import Producer
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.resilience.retry import Retry

_log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
ABANDONED_AFTER_SECONDS = 3.0
"""An item this old that this process did not write was left by one that died (or stalls: then it is published twice, which is
allowed)."""
REMOVE_AFTER_SECONDS = 0.25
REMOVE_AT_ONCE = 25
REMEMBERED_KEYS = 20_000
_HEADERS = msgspec.json.Decoder(dict[str, str])


class DynamoOutbox:
    """Commits effects together with what they say, and publishes it."""

    def __init__(
        self, dynamo: Dynamo, *, table: str, outbox_table: str, producer: Producer, metrics: Metrics, clock: Clock
    ) -> None:
        self._dynamo = dynamo
        self._table = table
        self._outbox_table = outbox_table
        self._producer = producer
        self._clock = clock
        self._committed: asyncio.Queue[OutgoingMessage] = asyncio.Queue()
        self._published: asyncio.Queue[OutgoingMessage] = asyncio.Queue()
        self._mine: OrderedDict[str, None] = OrderedDict()  # ids of messages that this process wrote or published
        self._last: OrderedDict[str, int] = OrderedDict()  # by key, the sequence that this process published last
        self._count = metrics.counter("shop_outbox_published_total", "Messages published from the outbox.")
        metrics.gauge(
            "shop_outbox_waiting", "Messages committed here and not yet published.", lambda: float(self._committed.qsize())
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dynamo: Dynamo,
        *,
        table: str,
        outbox_table: str,
        producer: Producer,
        metrics: Metrics | None = None,
        clock: Clock | None = None,
        drain_seconds: Callable[[], float] = lambda: 3.0,
    ) -> AsyncIterator[DynamoOutbox]:
        """Publish in the block; what was committed is published before the end, if Kafka answers within seconds."""
        outbox = cls(
            dynamo,
            table=table,
            outbox_table=outbox_table,
            producer=producer,
            metrics=metrics or Metrics(),
            clock=clock or SystemClock(),
        )
        tasks = [
            asyncio.create_task(work, name=f"outbox-{name}")
            for name, work in (("publish", outbox._publish()), ("remove", outbox._remove()), ("recover", outbox._recover()))
        ]
        try:
            yield outbox
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(drain_seconds()):
                    await outbox._committed.join()
                    await outbox._published.join()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def commit(
        self, writes: Sequence[Write], *, messages: Sequence[OutgoingMessage] = (), handling: str | None = None
    ) -> None:
        """Write all in one transaction: `writes`, `messages`, and that the message with id `handling` had its effect.

        Raises AlreadyHandled when that message had it before, TransactionCancelled (with positions in `writes`) when
        conditions failed.
        """
        now = self._clock.now()
        marks = [mark(self._table, handling, now=now)] if handling else []
        for message in messages:
            self._remember(message.id)
        try:
            await self._dynamo.transact([*writes, *marks, *(self._item(message, now) for message in messages)])
        except TransactionCancelled as error:
            if handling and len(writes) in error.failed:
                raise AlreadyHandled(handling) from error
            raise
        for message in messages:
            self._committed.put_nowait(message)

    def _item(self, message: OutgoingMessage, now: float) -> Put:
        item = {
            "pk": message.key,
            "sk": _sort_key(message),
            "topic": message.topic,
            "sequence": message.sequence,
            "body": message.body,
            "headers": msgspec.json.encode(dict(message.headers)).decode(),
            "written_at": int(now * 1000),
        }
        return Put(self._outbox_table, item, condition="attribute_not_exists(pk)")

    async def _publish(self) -> None:
        while True:
            messages = await _all_waiting(self._committed)
            await self._until_done(messages)
            for _ in messages:
                self._committed.task_done()

    async def _until_done(self, messages: Sequence[OutgoingMessage]) -> None:
        waits = Retry.patient().delays()
        while True:
            try:
                await self._publish_in_order(messages)
            except Transient as error:
                _log.warning("the outbox waits", extra={"reason": str(error)})
                await asyncio.sleep(next(waits))
            else:
                return

    async def _publish_in_order(self, messages: Sequence[OutgoingMessage]) -> None:
        ordered: list[OutgoingMessage] = []
        for message in messages:
            if message.sequence > 1 and self._last.get(message.key) != message.sequence - 1:
                ordered += await self._predecessors(message)
            ordered.append(message)
            self._last[message.key] = message.sequence
            self._last.move_to_end(message.key)
        try:
            await self._producer.publish(ordered)
        except Transient:
            for message in messages:
                self._last.pop(message.key, None)
            raise
        self._count.add(by=len(ordered))
        for message in ordered:
            self._remember(message.id)
            self._published.put_nowait(message)
        while len(self._last) > REMEMBERED_KEYS:
            self._last.popitem(last=False)

    async def _predecessors(self, message: OutgoingMessage) -> list[OutgoingMessage]:
        page = await self._dynamo.query(
            self._outbox_table, "pk = :key AND sk < :mine", {":key": message.key, ":mine": _sort_key(message)}
        )
        return [_message(item) for item in page.items]

    async def _remove(self) -> None:
        waits = Retry.patient().delays()
        while True:
            messages = [await self._published.get()]
            with suppress(TimeoutError):
                async with asyncio.timeout(REMOVE_AFTER_SECONDS):
                    while len(messages) < REMOVE_AT_ONCE:
                        messages.append(await self._published.get())
            keys = {(message.key, _sort_key(message)) for message in messages}
            while True:
                try:
                    await self._dynamo.delete_many(self._outbox_table, [{"pk": pk, "sk": sk} for pk, sk in keys])
                    break
                except Transient as error:
                    _log.warning("published messages could not be removed yet", extra={"reason": str(error)})
                    await asyncio.sleep(next(waits))
            for _ in messages:
                self._published.task_done()

    async def _recover(self) -> None:
        """Publish what others left: everything at the start, later what is older than a living process would leave it."""
        abandoned_after = 0.0
        while True:
            try:
                left = await self._left_behind(self._clock.now() - abandoned_after)
                if left:
                    _log.warning("publishing messages that were left behind", extra={"count": len(left)})
                    await self._publish_in_order(left)
                abandoned_after = ABANDONED_AFTER_SECONDS
            except Transient as error:
                _log.warning("the outbox could not be read", extra={"reason": str(error)})
            await asyncio.sleep(POLL_SECONDS)

    async def _left_behind(self, before: float) -> list[OutgoingMessage]:
        items: list[Item] = []
        start: Item | None = None
        while True:
            page = await self._dynamo.scan(self._outbox_table, start=start)
            items += page.items
            start = page.next_key
            if start is None:
                break
        items.sort(key=lambda item: (item["pk"], item["sk"]))
        old = (item for item in items if item["written_at"] <= before * 1000)
        return [message for message in map(_message, old) if message.id not in self._mine]

    def _remember(self, message_id: str) -> None:
        self._mine[message_id] = None
        if len(self._mine) > REMEMBERED_KEYS:
            self._mine.popitem(last=False)


def _sort_key(message: OutgoingMessage) -> str:
    # The id keeps two messages apart that claim the same place, instead of failing the second one's transaction for ever.
    return f"{message.sequence:012d}#{message.id}"


def _message(item: dict[str, Any]) -> OutgoingMessage:
    return OutgoingMessage(item["topic"], item["pk"], item["sequence"], item["body"], _HEADERS.decode(item["headers"]))


async def _all_waiting(queue: asyncio.Queue[OutgoingMessage]) -> list[OutgoingMessage]:
    found = [await queue.get()]
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
