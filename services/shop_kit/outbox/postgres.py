"""The outbox in PostgreSQL: rows written in the service's transaction, published by one relay at a time.

A row's id is drawn when it is written, so ids of different transactions may commit out of order; transactions on one aggregate
exclude each other, so within a key ids rise with the commits. The relay therefore keeps no cursor: it publishes what is there and
deletes it.

Messages that the relay's own process has written need not be read back: they are handed over when their transaction has committed.
That keeps their order as long as nothing unpublished comes before them, which the relay knows by their `sequence`: the message
that follows directly upon the last one it took for that key is next. Any other is left in the table, where the relay finds it
behind what it follows.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

import asyncpg
import msgspec

from shop_kit.errors import Transient
from shop_kit.kafka.producer import MessageRefused, Producer
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.parts import Parts, running
from shop_kit.postgres import in_kit_errors
from shop_kit.resilience.retry import Retry

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

_log = logging.getLogger(__name__)

BATCH = 200
LOOK_EVERY_SECONDS = 2.0
DELETE_AFTER_SECONDS = 0.25
"""How long published messages may stay in the table, so that one statement removes many."""
MOST_WAITING = 2_000
"""Messages kept in memory while Kafka is slow; what comes on top waits in the table."""
REMEMBERED_KEYS = 10_000
DRAIN_SECONDS = 3.0
WAIT_FOR_LOCK_SECONDS = 3600.0
COMMAND_SECONDS = 3.0
"""How long a look or a deletion may take, which are milliseconds' work: while one hangs, nothing is published."""
LOCK = 0x5348_4F50  # "SHOP": the advisory lock of a service's own database
WAKE = "pg_notify('outbox', '')"
"""SQL that wakes the relay: delivered at commit, and only then."""

SELECT_UNPUBLISHED = """
SELECT id, topic, key, sequence, body, headers FROM outbox WHERE id <> ALL($1::bigint[]) ORDER BY id LIMIT $2
"""
DELETE_PUBLISHED = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
_HEADERS = msgspec.json.Decoder(dict[str, str])


def insertion(*, first: int, provided: str | None = None) -> str:
    """Return SQL that inserts the messages of `columns`, bound to five parameters from `$first` on, and returns their ids.

    For a service that writes them in one statement with their effect, as a part of its WITH. `provided` names another part of it:
    messages are written only when that one has given its single row. The statement must wake the relay (`WAKE`), or hand the
    messages to a relay of its own process.
    """
    topic, key, sequence, body, headers = (f"${first + place}" for place in range(5))
    return f"""
    INSERT INTO outbox (topic, key, sequence, body, headers)
    SELECT message.topic, message.key, message.sequence, message.body, message.headers
    FROM {f"{provided} CROSS JOIN " if provided else ""}
         unnest({topic}::text[], {key}::text[], {sequence}::bigint[], {body}::bytea[], {headers}::text[])
         WITH ORDINALITY AS message (topic, key, sequence, body, headers, place)
    ORDER BY message.place
    RETURNING id
    """  # noqa: S608  # nosec B608 # only numbers of parameters and the name of a part are put in


def columns(messages: Sequence[OutgoingMessage]) -> tuple[list[object], ...]:
    """Return the five parameters of `insertion`."""
    rows = [(one.topic, one.key, one.sequence, one.body, msgspec.json.encode(dict(one.headers)).decode()) for one in messages]
    return tuple([*column] for column in zip(*rows, strict=True)) if rows else ([], [], [], [], [])


_INSERT = f"WITH written AS ({insertion(first=1)}) SELECT {WAKE}"


async def append(connection: Connection, messages: Sequence[OutgoingMessage]) -> None:
    """Write messages within the caller's transaction; its commit wakes the relay."""
    if messages:
        await connection.execute(_INSERT, *columns(messages))


class Relay(Protocol):
    """Takes over what was just committed, when it publishes in this process."""

    @property
    def is_active(self) -> bool:
        """Whether messages may be handed over; else who writes them wakes the relay of another process (`WAKE`)."""
        ...

    def hand_over(self, ids: Sequence[int], messages: Sequence[OutgoingMessage]) -> None:
        """Take messages that have just been committed under these ids, so that they need not be read. Never waits."""
        ...


class PostgresRelay:
    """Publishes the outbox of one database. Of all relays on it one is active; the others stand by for its lock."""

    def __init__(self, dsn: str, producer: Producer, metrics: Metrics) -> None:
        self._dsn = dsn
        self._producer = producer
        self._wake = asyncio.Event()
        self._stopping = False
        self._backlog = _Backlog()
        self._must_look = True
        self._looked_at = 0.0
        self._published = metrics.counter("shop_outbox_published_total", "Messages published from the outbox.")

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        dsn: str,
        producer: Producer,
        *,
        metrics: Metrics | None = None,
        drain_seconds: Callable[[], float] = lambda: DRAIN_SECONDS,
    ) -> AsyncIterator[PostgresRelay]:
        """Relay in the block; what is committed by its end and acknowledged in time is published."""
        relay = cls(dsn, producer, metrics or Metrics())
        async with running(outbox_relay=relay._run) as parts:
            try:
                yield relay
            finally:
                await relay._drain(parts, drain_seconds())

    @property
    def is_active(self) -> bool:
        return self._backlog.is_open

    def hand_over(self, ids: Sequence[int], messages: Sequence[OutgoingMessage]) -> None:
        taken = [self._backlog.take(*each, is_read=False) for each in zip(ids, messages, strict=True)]
        if not all(taken):
            self._must_look = True
        self._wake.set()

    async def _run(self) -> None:
        waits = Retry.patient().delays()
        while not self._stopping:
            try:
                with in_kit_errors():
                    await self._relay_on_one_connection()
            except Transient as error:
                _log.warning("the outbox waits", extra={"reason": str(error)})
                await asyncio.sleep(next(waits))

    async def _drain(self, parts: Parts, seconds: float) -> None:
        """Let the relay publish what is there; who still stands by has nothing to publish."""
        self._stopping = True
        self._must_look = True
        self._wake.set()
        if self.is_active:
            await parts.finish("outbox_relay", seconds=seconds)

    async def _relay_on_one_connection(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=5, command_timeout=COMMAND_SECONDS)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=WAIT_FOR_LOCK_SECONDS)
            await connection.add_listener("outbox", self._on_notification)
            self._backlog.open()
            self._must_look = True
            await self._relay(connection)
        finally:
            self._backlog.close()
            await connection.close(timeout=2)

    def _on_notification(self, *_: object) -> None:
        self._must_look = True
        self._wake.set()

    async def _relay(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self._wake.clear()
            if self._must_look or clock() - self._looked_at >= LOOK_EVERY_SECONDS:
                self._looked_at = clock()
                await self._look(connection)
            batch = self._backlog.next_batch()
            if batch:
                self._backlog.published(await self._publish(batch), at=clock())
            idle = not self._backlog.has_next and not self._must_look
            is_last_turn = idle and self._stopping
            if self._backlog.is_due_for_deletion(at=clock()) or is_last_turn:
                await self._delete(connection)
            if is_last_turn:
                return
            if idle:
                await self._sleep(self._backlog.seconds_to_deletion(at=clock()))

    async def _publish(self, batch: Sequence[tuple[int, OutgoingMessage]]) -> list[int]:
        """Publish in this order. Returns the ids of what Kafka took: what it refuses stays in the table, for the next start."""
        try:
            await self._producer.publish([message for _, message in batch])
        except MessageRefused:
            taken = []
            for row_id, message in batch:  # some of them may go out twice, which is allowed
                try:
                    await self._producer.publish([message])
                except MessageRefused as refused:
                    _log.error("kafka refuses a message of the outbox", extra={"key": message.key, "reason": str(refused)})
                else:
                    taken.append(row_id)
            return taken
        return [row_id for row_id, _ in batch]

    async def _look(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Take the next page of what others have written, or what stands in the table for another reason."""
        self._must_look = False
        rows = await connection.fetch(SELECT_UNPUBLISHED, self._backlog.known_ids(), BATCH)
        for row in rows:
            self._backlog.take(row["id"], _message(row), is_read=True)
        if len(rows) == BATCH:
            self._must_look = True

    async def _delete(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        ids = self._backlog.to_delete()
        if ids:
            await connection.execute(DELETE_PUBLISHED, ids)
            self._backlog.deleted(ids)
            self._published.add(by=len(ids))

    async def _sleep(self, seconds_to_deletion: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(LOOK_EVERY_SECONDS, seconds_to_deletion)):
                await self._wake.wait()


class _Backlog:
    """What an active relay holds in memory: messages to publish, in order, and published ones that are still in the table."""

    def __init__(self) -> None:
        self.is_open = False
        self._queue: deque[tuple[int, OutgoingMessage]] = deque()
        self._known: set[int] = set()
        self._published: list[int] = []
        self._delete_at = float("inf")
        self._last: OrderedDict[str, int] = OrderedDict()

    def open(self) -> None:
        """Begin with nothing: what is in the table is to be read."""
        self.close()
        self.is_open = True

    def close(self) -> None:
        """Forget everything: the rows are still in the table, and whoever relays next publishes them."""
        self.is_open = False
        self._queue.clear()
        self._known.clear()
        self._published.clear()
        self._delete_at = float("inf")
        self._last.clear()

    def take(self, row_id: int, message: OutgoingMessage, *, is_read: bool) -> bool:
        """Put a message in the queue. False when it must be read from the table, in its turn.

        What was read from the table comes in the order of ids. What was handed over is next only when it follows directly upon
        the last message of its key.
        """
        if row_id in self._known or not self.is_open:
            return True
        if not is_read and (len(self._queue) >= MOST_WAITING or message.sequence != self._last.get(message.key, 0) + 1):
            return False
        self._queue.append((row_id, message))
        self._known.add(row_id)
        self._last[message.key] = message.sequence
        self._last.move_to_end(message.key)
        if len(self._last) > REMEMBERED_KEYS:
            self._last.popitem(last=False)
        return True

    @property
    def has_next(self) -> bool:
        """Whether anything waits to be published."""
        return bool(self._queue)

    def next_batch(self) -> list[tuple[int, OutgoingMessage]]:
        """Take the next messages out of the queue."""
        return [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]

    def known_ids(self) -> list[int]:
        """Return the ids that need not be read."""
        return list(self._known)

    def published(self, ids: Sequence[int], *, at: float) -> None:
        """Note that these are acknowledged."""
        if not self._published:
            self._delete_at = at + DELETE_AFTER_SECONDS
        self._published += ids

    def is_due_for_deletion(self, *, at: float) -> bool:
        """Return whether it is time to delete."""
        return at >= self._delete_at or len(self._published) >= BATCH

    def seconds_to_deletion(self, *, at: float) -> float:
        """Return how long deletion may wait; infinite when there is nothing to delete."""
        return max(0.0, self._delete_at - at)

    def to_delete(self) -> list[int]:
        """Return the ids that are published and still in the table."""
        return self._published[:]

    def deleted(self, ids: Sequence[int]) -> None:
        """Note that these are not in the table any more."""
        self._known.difference_update(ids)
        self._published = self._published[len(ids) :]
        self._delete_at = float("inf")


def _message(row: asyncpg.Record) -> OutgoingMessage:
    return OutgoingMessage(row["topic"], row["key"], row["sequence"], row["body"], _HEADERS.decode(row["headers"]))
