"""The relay of the PostgreSQL outbox on a real server: what is committed is published once, in the order of each key."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from fakes.postgresql import postgresql
from shop_kit.errors import Unavailable
from shop_kit.kafka.producer import MessageRefused, Refusal
from shop_kit.messages import OutgoingMessage
from shop_kit.outbox import postgres as outbox
from shop_kit.outbox.postgres import PostgresRelay

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

TABLE = Path(outbox.__file__).with_name("postgres.sql")
SECONDS = 20


@dataclass
class Kafka:
    """Takes messages, unless it is told to be away."""

    taken: list[OutgoingMessage] = field(default_factory=list)
    is_away: bool = False
    refused_key: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        self.changed.set()
        if self.is_away:
            raise Unavailable("kafka", "away")
        if any(message.key == self.refused_key for message in messages):
            raise MessageRefused("t", Refusal.TOO_LARGE, "too large")
        self.taken += messages

    def of(self, key: str) -> list[int]:
        return [message.sequence for message in self.taken if message.key == key]

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Database:
    """A database with an outbox."""

    dsn: str
    connection: asyncpg.Connection[asyncpg.Record]

    async def write(self, *messages: OutgoingMessage, wake: bool = False) -> list[int]:
        async with self.connection.transaction():
            rows = await self.connection.fetch(outbox.insertion(first=1), *outbox.columns(messages))
            if wake:
                await self.connection.execute(f"select {outbox.WAKE}")
        return [row["id"] for row in rows]

    def relay(self, kafka: Kafka) -> AbstractAsyncContextManager[PostgresRelay]:
        return PostgresRelay.start(self.dsn, kafka)  # type: ignore[arg-type]  # all a relay needs of a producer

    async def rows(self) -> int:
        return int(await self.connection.fetchval("select count(*) from outbox"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
async def database(server: str) -> AsyncIterator[Database]:
    name = f"relay_{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name}")
    connection = await asyncpg.connect(server, database=name)
    await connection.execute(TABLE.read_text())
    yield Database(server.replace("/postgres?", f"/{name}?"), connection)
    await connection.close()
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


def message(key: str, sequence: int) -> OutgoingMessage:
    return OutgoingMessage("topic", key, sequence, b"\0body", {"ce_id": f"{key}-{sequence}"})


async def active(relay: PostgresRelay) -> None:
    async with asyncio.timeout(SECONDS):
        while not relay.is_active:  # noqa: ASYNC110 - the lock is had in another task, which announces it nowhere else
            await asyncio.sleep(0)


async def test_what_was_there_before_the_relay_is_published_in_order_and_removed(database: Database) -> None:
    await database.write(*(message("a", number) for number in range(1, 4)))
    kafka = Kafka()
    async with database.relay(kafka):
        await kafka.until(lambda: len(kafka.taken) == 3)

    assert kafka.of("a") == [1, 2, 3]
    assert await database.rows() == 0


async def test_a_message_that_kafka_refuses_stays_and_holds_up_no_other(database: Database) -> None:
    await database.write(message("a", 1), message("large", 1), message("b", 1))
    kafka = Kafka(refused_key="large")
    async with database.relay(kafka):
        await kafka.until(lambda: len(kafka.taken) == 2)
        await database.write(message("c", 1), wake=True)
        await kafka.until(lambda: len(kafka.taken) == 3)

    assert [one.key for one in kafka.taken] == ["a", "b", "c"]
    assert await database.rows() == 1


async def test_what_is_handed_over_is_published_without_being_read(database: Database) -> None:
    kafka = Kafka()
    async with database.relay(kafka) as relay:
        await active(relay)
        # Its ids exist nowhere: it can only come from memory.
        relay.hand_over([1_000, 1_001], [message("a", 1), message("a", 2)])
        await kafka.until(lambda: len(kafka.taken) == 2)

    assert kafka.of("a") == [1, 2]


async def test_what_is_handed_over_too_early_waits_for_what_it_follows(database: Database) -> None:
    kafka = Kafka()
    async with database.relay(kafka) as relay:
        await active(relay)
        await database.write(message("a", 1))  # by another process, whose wake-up is still under way
        second = await database.write(message("a", 2))
        relay.hand_over(second, [message("a", 2)])
        await kafka.until(lambda: len(kafka.taken) == 2)

    assert kafka.of("a") == [1, 2]


async def test_what_another_process_writes_wakes_the_relay(database: Database) -> None:
    kafka = Kafka()
    async with database.relay(kafka) as relay:
        await active(relay)
        await database.write(message("a", 1), wake=True)
        await kafka.until(lambda: len(kafka.taken) == 1)


async def test_what_is_handed_over_and_read_as_well_is_published_once(database: Database) -> None:
    kafka = Kafka()
    async with database.relay(kafka) as relay:
        await active(relay)
        for sequence in range(1, 21):
            ids = await database.write(message("a", sequence), wake=True)
            relay.hand_over(ids, [message("a", sequence)])
        await kafka.until(lambda: len(set(kafka.of("a"))) == 20)

    assert kafka.of("a") == [*range(1, 21)]
    assert await database.rows() == 0


async def test_nothing_is_removed_that_kafka_has_not_taken_and_nothing_is_overtaken(database: Database) -> None:
    kafka = Kafka(is_away=True)
    async with database.relay(kafka) as relay:
        await active(relay)
        first = await database.write(message("a", 1))
        relay.hand_over(first, [message("a", 1)])
        await kafka.changed.wait()
        assert await database.rows() == 1

        kafka.is_away = False
        second = await database.write(message("a", 2), wake=True)
        relay.hand_over(second, [message("a", 2)])
        await kafka.until(lambda: 2 in kafka.of("a"))

    assert list(dict.fromkeys(kafka.of("a"))) == [1, 2]
    assert await database.rows() == 0


async def test_more_than_a_relay_keeps_in_memory_waits_in_the_table(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 3)
    monkeypatch.setattr(outbox, "BATCH", 2)
    kafka = Kafka()
    async with database.relay(kafka) as relay:
        await active(relay)
        messages = [message(key, sequence) for sequence in range(1, 6) for key in "ab"]
        relay.hand_over(await database.write(*messages), messages)
        await kafka.until(lambda: len(kafka.taken) == 10)

    assert (kafka.of("a"), kafka.of("b")) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])


async def test_of_two_relays_one_publishes_and_the_other_takes_over(database: Database) -> None:
    first, second = Kafka(), Kafka()
    async with AsyncExitStack() as leadership:
        await active(await leadership.enter_async_context(database.relay(first)))
        async with database.relay(second) as standing_by:
            await database.write(message("a", 1), wake=True)
            await first.until(lambda: first.of("a") == [1])
            assert not standing_by.is_active

            await leadership.aclose()
            await database.write(message("a", 2), wake=True)
            await second.until(lambda: second.of("a") == [2])


async def test_at_the_end_what_was_handed_over_is_published_before_the_relay_goes(database: Database) -> None:
    kafka = Kafka()
    async with database.relay(kafka) as relay:
        await active(relay)
        messages = [message("a", sequence) for sequence in range(1, 501)]
        relay.hand_over(await database.write(*messages), messages)

    assert kafka.of("a") == [*range(1, 501)]
    assert await database.rows() == 0


async def test_messages_appended_in_a_transaction_are_published_when_it_commits(database: Database) -> None:
    kafka = Kafka()
    async with database.relay(kafka) as relay:
        await active(relay)
        async with database.connection.transaction():
            await outbox.append(database.connection, [message("a", 1)])
        await kafka.until(lambda: kafka.of("a") == [1])
