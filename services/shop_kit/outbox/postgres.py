"""The outbox in PostgreSQL: rows written in the service's transaction, published by one relay at a time.

A row's id is drawn when it is written, so ids of different transactions may commit out of order; transactions on one aggregate
exclude
each other, so within a key ids rise with the commits. The relay therefore keeps no cursor: it publishes what is there and
deletes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from shop_kit.errors import Transient
from shop_kit.kafka.producer import Producer
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.postgres import in_kit_errors
from shop_kit.resilience.retry import Retry

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

_log = logging.getLogger(__name__)

BATCH = 200
POLL_SECONDS = 2.0
WAIT_FOR_LOCK_SECONDS = 3600.0
LOCK = 0x5348_4F50  # "SHOP": the advisory lock of a service's own database
WAKE = "pg_notify('outbox', '')"
"""SQL that wakes the relay: delivered at commit, and only then."""


def insertion(*, first: int) -> str:
    """Return SQL that inserts messages from the arrays of `columns`, bound to five parameters from `$first` on.

    For a service that writes them in one statement with their effect (each statement costs a round trip in the middle of a
    transaction): as a part of its WITH. That statement must select `WAKE`.
    """
    topic, key, sequence, body, headers = (f"${first + place}" for place in range(5))
    return f"""
    INSERT INTO outbox (topic, key, sequence, body, headers)
    SELECT topic, key, sequence, body, headers
    FROM unnest({topic}::text[], {key}::text[], {sequence}::bigint[], {body}::bytea[], {headers}::text[])
         WITH ORDINALITY AS message (topic, key, sequence, body, headers, place)
    ORDER BY place
    """  # noqa: S608  # nosec B608 # only numbers of parameters are put in


def columns(messages: Sequence[OutgoingMessage]) -> tuple[list[object], ...]:
    """Return the five parameters of `insertion`."""
    rows = [(one.topic, one.key, one.sequence, one.body, msgspec.json.encode(dict(one.headers)).decode()) for one in messages]
    return tuple([*column] for column in zip(*rows, strict=True)) if rows else ([], [], [], [], [])


_INSERT = f"WITH written AS ({insertion(first=1)}) SELECT {WAKE}"
# What was published goes with the next look for what came meanwhile. Rows that a statement deletes it still sees.
_DELETE_AND_SELECT = """
WITH published AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]))
SELECT id, topic, key, sequence, body, headers FROM outbox WHERE id <> ALL($1::bigint[]) ORDER BY id LIMIT $2
"""
_HEADERS = msgspec.json.Decoder(dict[str, str])


async def append(connection: Connection, messages: Sequence[OutgoingMessage]) -> None:
    """Write messages within the caller's transaction; its commit wakes the relay."""
    if messages:
        await connection.execute(_INSERT, *columns(messages))


class PostgresRelay:
    """Publishes the outbox of one database. Of all relays on it one is active; the others stand by for its lock."""

    def __init__(self, dsn: str, producer: Producer, metrics: Metrics) -> None:
        self._dsn = dsn
        self._producer = producer
        self._wake = asyncio.Event()
        self._published = metrics.counter("shop_outbox_published_total", "Messages published from the outbox.")

    @classmethod
    @asynccontextmanager
    async def start(cls, dsn: str, producer: Producer, *, metrics: Metrics | None = None) -> AsyncIterator[PostgresRelay]:
        """Relay in the block; what is committed by its end and acknowledged in time is published."""
        relay = cls(dsn, producer, metrics or Metrics())
        task = asyncio.create_task(relay._run(), name="outbox-relay")
        try:
            yield relay
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        waits = Retry.patient().delays()
        while True:
            try:
                with in_kit_errors():
                    await self._relay_on_one_connection()
            except Transient as error:
                _log.warning("the outbox waits", extra={"reason": str(error)})
            await asyncio.sleep(next(waits))

    async def _relay_on_one_connection(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=5, command_timeout=10)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=WAIT_FOR_LOCK_SECONDS)
            await connection.add_listener("outbox", lambda *_: self._wake.set())
            while True:
                await self._publish_all(connection)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._wake.wait()
        finally:
            await connection.close(timeout=2)

    async def _publish_all(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        published: list[int] = []
        while True:
            self._wake.clear()
            rows = await connection.fetch(_DELETE_AND_SELECT, published, BATCH)
            self._published.add(by=len(published))
            if not rows:
                return
            await self._producer.publish([_message(row) for row in rows])
            published = [row["id"] for row in rows]


def _message(row: asyncpg.Record) -> OutgoingMessage:
    return OutgoingMessage(row["topic"], row["key"], row["sequence"], row["body"], _HEADERS.decode(row["headers"]))
