"""Read models on real Kafka and PostgreSQL: built from the beginning, guarded, rebuilt beside the live one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import shop_kit
from confluent_kafka import Consumer, TopicPartition
from fakes.bare_platform import PlatformSettings, make_topics
from fakes.postgresql import postgresql
from fakes.unregistered_producer import producing
from shop_contracts.proto.inventory.v1.commands_pb2 import CommitStock, InventoryCommand
from shop_kit.kafka.producer import Producer
from shop_kit.messages import OutgoingMessage, Received, outgoing
from shop_kit.projections import Feed, Projection, Projector, ReadModel, StillBuilding
from shop_kit.projections.replaying import replay
from shop_kit.settings import KafkaSettings

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

SECONDS = 40
TABLES = "CREATE TABLE visits (visitor text PRIMARY KEY, numbers integer[] NOT NULL)"
RECORD = """
INSERT INTO visits AS known VALUES ($1, ARRAY[$2::integer])
ON CONFLICT (visitor) DO UPDATE SET numbers = known.numbers || excluded.numbers
"""


@dataclass
class Visits:
    """A projection under test. `gate` holds it up; `refused` are the numbers it cannot take."""

    topic: str
    form: int = 1
    factor: int = 1
    refused: set[int] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    applied_at_once: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def projection(self, *, is_gapless: bool = True) -> Projection:
        return Projection("visits", self.form, [Feed(self.topic, InventoryCommand, is_gapless)], TABLES, self.apply)

    async def apply(self, connection: Any, events: Sequence[Received[Any]]) -> None:
        await self.gate.wait()
        self.applied_at_once.append(len(events))
        for received in events:
            if received.sequence in self.refused:
                raise ValueError("this one does not fit")
            await connection.execute(RECORD, received.key, received.sequence * self.factor)


@dataclass
class World:
    """A topic, a database, and what goes in and comes out."""

    kafka: KafkaSettings
    pool: asyncpg.Pool[asyncpg.Record]
    address: str
    producer: Producer
    topic: str

    async def publish(self, *visits: tuple[str, int]) -> None:
        await self.producer.publish([self.message(key, sequence) for key, sequence in visits])

    def message(self, key: str, sequence: int) -> OutgoingMessage:
        command = InventoryCommand(order_id=key, commit_stock=CommitStock())
        return outgoing(self.topic, key, command, source="/test", sequence=sequence)

    def follow(self, projection: Projection) -> AbstractAsyncContextManager[Projector]:
        return Projector.start(self.pool, self.kafka, projection)

    async def shown(self, projection: Projection) -> dict[str, list[int]]:
        rows = await ReadModel(self.pool, projection).fetch("SELECT visitor, numbers FROM {schema}.visits")
        return {row["visitor"]: row["numbers"] for row in rows}

    async def until_shown(self, projection: Projection, expected: dict[str, list[int]]) -> None:
        async def is_shown() -> bool:
            try:
                return await self.shown(projection) == expected
            except StillBuilding:
                return False

        await until(is_shown)

    async def schemas(self) -> list[str]:
        rows = await self.pool.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'visits_g%' ORDER BY 1")
        return [row["nspname"] for row in rows]


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await is_so():  # noqa: ASYNC110 - a condition in another process has no event to wait for
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
async def world(platform: PlatformSettings, server: str) -> AsyncIterator[World]:
    name = f"visits_{uuid.uuid4().hex[:8]}"
    topic = f"kit.{uuid.uuid4().hex[:8]}"
    make_topics(platform.kafka, topic)
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name}")
    async with (
        asyncpg.create_pool(server, database=name, min_size=1, max_size=8) as pool,
        producing(platform.kafka, topic) as producer,
    ):
        await pool.execute((Path(shop_kit.__file__).parent / "projections" / "postgres.sql").read_text())
        yield World(platform.kafka, pool, server.replace("/postgres?", f"/{name}?"), producer, topic)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_a_read_model_is_built_from_the_beginning_and_goes_on(world: World) -> None:
    visits = Visits(world.topic).projection()
    await world.publish(*[(key, sequence) for sequence in range(1, 4) for key in "abc"])

    async with world.follow(visits):
        await world.until_shown(visits, {key: [1, 2, 3] for key in "abc"})
        await world.publish(("a", 4))
        await world.until_shown(visits, {"a": [1, 2, 3, 4], "b": [1, 2, 3], "c": [1, 2, 3]})


async def test_what_stands_in_the_topics_already_takes_effect_many_at_a_time(world: World) -> None:
    visits = Visits(world.topic)
    await world.publish(*[(key, sequence) for sequence in range(1, 101) for key in "abc"])

    async with world.follow(visits.projection()):
        await world.until_shown(visits.projection(), {key: [*range(1, 101)] for key in "abc"})

    assert sum(visits.applied_at_once) == 300
    assert max(visits.applied_at_once) >= 50


async def test_what_is_half_built_is_not_shown(world: World) -> None:
    visits = Visits(world.topic)
    visits.gate.clear()
    await world.publish(("a", 1))

    with pytest.raises(StillBuilding):
        await world.shown(visits.projection())
    async with world.follow(visits.projection()):

        async def is_begun() -> bool:
            return await world.schemas() == ["visits_g1"]

        await until(is_begun)
        with pytest.raises(StillBuilding):
            await world.shown(visits.projection())
        visits.gate.set()
        await world.until_shown(visits.projection(), {"a": [1]})


async def test_events_take_effect_in_order_and_once_however_they_come(world: World) -> None:
    visits = Visits(world.topic).projection()
    async with world.follow(visits) as projector:
        await world.publish(("a", 2), ("a", 4), ("b", 1))
        await world.until_shown(visits, {"b": [1]})
        assert await projector.held() == 2

        await world.publish(("a", 1), ("a", 2), ("a", 1), ("a", 3), ("a", 3))
        await world.until_shown(visits, {"a": [1, 2, 3, 4], "b": [1]})
        assert await projector.held() == 0


async def test_a_rebuild_stands_beside_the_live_one_until_it_has_caught_up(world: World) -> None:
    visits = Visits(world.topic)
    await world.publish(("a", 1), ("a", 2))
    async with world.follow(visits.projection()) as projector:
        await world.until_shown(visits.projection(), {"a": [1, 2]})

        visits.factor = 10
        visits.gate.clear()
        await projector.rebuild()

        async def are_two() -> bool:
            return len(await world.schemas()) == 2

        await until(are_two)
        assert await world.shown(visits.projection()) == {"a": [1, 2]}

        visits.gate.set()
        await world.until_shown(visits.projection(), {"a": [10, 20]})

        async def is_one() -> bool:
            return await world.schemas() == ["visits_g2"]

        await until(is_one)
        await world.publish(("a", 3))
        await world.until_shown(visits.projection(), {"a": [10, 20, 30]})


async def test_a_reader_that_knew_the_old_one_finds_the_new_one(world: World) -> None:
    visits = Visits(world.topic)
    reader = ReadModel(world.pool, visits.projection())
    await world.publish(("a", 1))
    async with world.follow(visits.projection()) as projector:
        await world.until_shown(visits.projection(), {"a": [1]})
        await reader.fetch("SELECT FROM {schema}.visits")
        await projector.rebuild()

        async def is_the_new_one_alone() -> bool:
            return await world.schemas() == ["visits_g2"]

        await until(is_the_new_one_alone)
        assert len(await reader.fetch("SELECT FROM {schema}.visits")) == 1
        with pytest.raises(asyncpg.UndefinedTableError):
            await reader.fetch("SELECT FROM {schema}.misspelt")


async def test_a_read_model_is_built_anew_on_a_wish_from_outside_while_the_live_one_answers(world: World) -> None:
    visits = Visits(world.topic)
    await world.publish(("a", 1))
    async with world.follow(visits.projection()):
        await world.until_shown(visits.projection(), {"a": [1]})
        visits.gate.clear()
        visits.factor = 100
        replaying = asyncio.create_task(replay(world.address, seconds=SECONDS))

        async def is_begun() -> bool:
            return await world.schemas() == ["visits_g1", "visits_g2"]

        await until(is_begun)
        assert await world.shown(visits.projection()) == {"a": [1]}
        assert not replaying.done()
        visits.gate.set()

        (replayed,) = await replaying
        assert (replayed.name, replayed.generation) == ("visits", 2)
        assert await world.shown(visits.projection()) == {"a": [100]}


async def test_a_wish_that_is_not_fulfilled_in_time_is_told_and_one_for_nothing_is_none(world: World) -> None:
    assert await replay(world.address, seconds=SECONDS) == []
    visits = Visits(world.topic)
    await world.publish(("a", 1))
    async with world.follow(visits.projection()):
        await world.until_shown(visits.projection(), {"a": [1]})
        visits.gate.clear()
        with pytest.raises(TimeoutError):
            await replay(world.address, seconds=0.1)
        visits.gate.set()


async def test_a_read_model_says_up_to_when_it_has_everything(world: World) -> None:
    visits = Visits(world.topic)
    model = ReadModel(world.pool, visits.projection())
    with pytest.raises(StillBuilding):
        await model.current_at()
    await world.publish(("a", 1))
    async with world.follow(visits.projection()):
        await world.until_shown(visits.projection(), {"a": [1]})
        first = await model.current_at()

        async def has_moved_on() -> bool:
            return await model.current_at() > first

        await until(has_moved_on)
        visits.gate.clear()
        await world.publish(("a", 2))
        published = datetime.now(UTC)
        assert await model.current_at() < published
        visits.gate.set()

        async def has_it() -> bool:
            return await model.current_at() > published

        await until(has_it)
        assert await world.shown(visits.projection()) == {"a": [1, 2]}


async def test_another_form_is_built_while_the_older_program_goes_on_reading_its_own(world: World) -> None:
    older, newer = Visits(world.topic), Visits(world.topic, form=2, factor=100)
    await world.publish(("a", 1))
    async with world.follow(older.projection()), world.follow(newer.projection()):
        await world.until_shown(newer.projection(), {"a": [100]})
        await world.publish(("a", 2))
        await world.until_shown(newer.projection(), {"a": [100, 200]})
        await world.until_shown(older.projection(), {"a": [1, 2]})


async def test_an_event_that_cannot_take_effect_holds_its_own_key_only(world: World) -> None:
    visits = Visits(world.topic, refused={2})
    async with world.follow(visits.projection()) as projector:
        await world.publish(("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 3))
        await world.until_shown(visits.projection(), {"a": [1], "b": [1]})
        assert await projector.held() == 3

        visits.refused = set()
        await projector.rebuild()
        await world.until_shown(visits.projection(), {"a": [1, 2, 3], "b": [1]})


async def test_a_record_that_nobody_can_read_is_left_out_and_noted(world: World) -> None:
    visits = Visits(world.topic).projection()
    async with world.follow(visits):
        await world.producer.send_raw(world.topic, b"a", b"not a message at all", [])
        await world.publish(("a", 1))
        await world.until_shown(visits, {"a": [1]})

    noted = await world.pool.fetch("SELECT reason FROM visits_g1._unreadable")
    assert len(noted) == 1


async def test_what_died_in_the_middle_goes_on_where_its_last_transaction_ended(world: World) -> None:
    visits = Visits(world.topic)
    await world.publish(*[("a", sequence) for sequence in range(1, 30)])
    for _ in range(3):
        async with world.follow(visits.projection()):
            pass  # ended wherever it stands
    async with world.follow(visits.projection()):
        await world.until_shown(visits.projection(), {"a": [*range(1, 30)]})


async def test_two_projectors_on_one_read_model_count_each_event_once(world: World) -> None:
    visits = Visits(world.topic).projection()
    async with world.follow(visits), world.follow(visits):
        for sequence in range(1, 40):
            await world.publish(("a", sequence))
        await world.until_shown(visits, {"a": [*range(1, 40)]})


async def test_it_ends_at_once_while_it_looks_where_its_partitions_end(world: World, caplog: pytest.LogCaptureFixture) -> None:
    wide = f"{world.topic}.wide"
    make_topics(world.kafka, wide, partitions=30)

    async with Projector.start(world.pool, world.kafka, Visits(wide).projection(), group=wide):
        await until(lambda: asyncio.to_thread(has_told_how_far_it_is, world.kafka, wide))  # which it does before it looks

    assert "left behind" not in caplog.text


def has_told_how_far_it_is(kafka: KafkaSettings, topic: str) -> bool:
    client = Consumer({"bootstrap.servers": kafka.kafka_bootstrap_servers, "group.id": topic})
    try:
        return bool(client.committed([TopicPartition(topic, 0)], timeout=10)[0].offset >= 0)
    finally:
        client.close()
