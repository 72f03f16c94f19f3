"""What the outbox on DynamoDB publishes when answers get lost, work is cancelled and processes die."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from fakes.model_aws import ModelAws
from fakes.virtual_time import LoopClock, in_virtual_time
from shop_kit.aws.client import AwsError
from shop_kit.aws.dynamo import Put
from shop_kit.errors import Unavailable
from shop_kit.inbox import AlreadyHandled
from shop_kit.kafka.producer import MessageRefused, Refusal
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.outbox import publisher
from shop_kit.outbox.dynamo import DynamoOutbox, MessageTooLarge

TABLE, OUTBOX = "t", "t-outbox"


def message(key: str, sequence: int, *, topic: str = "events", body: bytes = b"") -> OutgoingMessage:
    return OutgoingMessage(topic, key, sequence, body, {"ce_id": f"{key}{sequence}"})


class Kafka:
    """Acknowledges after a millisecond what it does not refuse, and keeps the order in which it acknowledged."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.refuses: Callable[[OutgoingMessage], Exception | None] = lambda _: None

    def send(self, message: OutgoingMessage) -> asyncio.Future[None]:
        return asyncio.ensure_future(self._send(message))

    async def _send(self, message: OutgoingMessage) -> None:
        await asyncio.sleep(0.001)
        error = self.refuses(message)
        if error:
            raise error
        self.published.append(message.id)


class Bench:
    """A table and a Kafka, and processes with an outbox between them."""

    def __init__(self) -> None:
        self.aws = ModelAws()
        self.aws.model.make(TABLE, "pk", "sk")
        self.aws.model.make(OUTBOX, "pk", "sk")
        self.kafka = Kafka()

    @asynccontextmanager
    async def process(self) -> AsyncIterator[DynamoOutbox]:
        async with DynamoOutbox.open(
            self.aws.dynamo(), table=TABLE, outbox_table=OUTBOX, producer=self.kafka, clock=LoopClock()
        ) as outbox:
            yield outbox

    async def left_by_a_dead_process(self, *messages: OutgoingMessage) -> None:
        for one in messages:
            await self.left_by_a_dead_process_at_once([one])

    async def left_by_a_dead_process_at_once(self, messages: Sequence[OutgoingMessage]) -> None:
        dead = DynamoOutbox(
            self.aws.dynamo(), table=TABLE, outbox_table=OUTBOX, producer=self.kafka, metrics=Metrics(), clock=LoopClock()
        )
        await dead.commit([], messages=messages)

    async def until_published(self, *ids: str, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not {*ids} <= {*self.kafka.published}:  # noqa: ASYNC110 - in virtual time, which costs nothing
                await asyncio.sleep(0.01)

    def in_outbox(self) -> list[str]:
        return [item["sk"] for item in self.aws.model.tables[OUTBOX].items.values()]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def first_seen(ids: Sequence[str], key: str) -> list[str]:
    return [one for one in dict.fromkeys(ids) if one.startswith(key)]


def test_a_commit_whose_answer_was_lost_is_published_at_once(bench: Bench) -> None:
    async def story() -> None:
        async with bench.process() as outbox:
            bench.aws.lost = 1
            await outbox.commit([Put(TABLE, {"pk": "a", "sk": "x"})], messages=[message("a", 1)], handling="m-1")

            await bench.until_published("a1", seconds=0.5)

    in_virtual_time(story())
    assert bench.kafka.published == ["a1"]


def test_a_commit_that_nobody_heard_of_is_published_soon_and_once(bench: Bench) -> None:
    async def story() -> None:
        async with bench.process() as outbox:
            bench.aws.lost, bench.aws.is_away_after_loss = 1, True
            with pytest.raises(Unavailable):
                await outbox.commit([], messages=[message("a", 1)], handling="m-1")
            with pytest.raises(AlreadyHandled):
                await outbox.commit([], messages=[message("a", 1)], handling="m-1")

            await bench.until_published("a1", seconds=10)
            await asyncio.sleep(60)

    in_virtual_time(story())
    assert bench.kafka.published == ["a1"]
    assert bench.in_outbox() == []


def test_work_that_is_cancelled_behind_its_commit_loses_nothing(bench: Bench) -> None:
    async def story() -> None:
        async with bench.process() as outbox:
            applied = asyncio.Event()

            async def hold(operation: str) -> None:
                if operation == "TransactWriteItems":
                    applied.set()
                    await asyncio.Event().wait()

            bench.aws.before_answer = hold
            work = asyncio.create_task(outbox.commit([], messages=[message("a", 1)]))
            await applied.wait()
            work.cancel()
            bench.aws.before_answer = None

            await bench.until_published("a1", seconds=10)

    in_virtual_time(story())
    assert bench.kafka.published == ["a1"]


def test_what_comes_later_does_not_overtake_what_a_dead_process_left(bench: Bench) -> None:
    """While one key's predecessors are looked up, another key's next message is committed."""

    async def story() -> None:
        await bench.left_by_a_dead_process(message("a", 1), message("b", 1), message("b", 2), message("b", 3))
        looking = asyncio.Event()

        async def slow_query(operation: str) -> None:
            if operation == "Query":
                looking.set()
                await asyncio.sleep(1.0)

        bench.aws.before_answer = slow_query
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("b", 4)])
            await looking.wait()
            await outbox.commit([], messages=[message("a", 2)])
            await bench.until_published("a2", "b4", seconds=30)

    in_virtual_time(story())
    assert first_seen(bench.kafka.published, "a") == ["a1", "a2"]
    assert first_seen(bench.kafka.published, "b") == ["b1", "b2", "b3", "b4"]


def test_everything_a_dead_process_left_is_published_however_many_pages_it_fills(bench: Bench) -> None:
    left = [message(f"k{number:02d}-", sequence) for number in range(40) for sequence in (1, 2, 3)]
    many = [message("hot-", sequence) for sequence in range(1, 81)]

    async def story() -> None:
        await bench.left_by_a_dead_process(*left, *many)
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("hot-", 81)])
            await bench.until_published(*(one.id for one in (*left, *many)), "hot-81", seconds=30)
            await asyncio.sleep(5)

    in_virtual_time(story())
    for key in [f"k{number:02d}-" for number in range(40)]:
        assert first_seen(bench.kafka.published, key) == [f"{key}{sequence}" for sequence in (1, 2, 3)]
    assert first_seen(bench.kafka.published, "hot-") == [f"hot-{sequence}" for sequence in range(1, 82)]
    assert bench.in_outbox() == []


def test_a_key_that_kafka_refuses_holds_up_no_other(bench: Bench) -> None:
    mended = False

    def refuse(one: OutgoingMessage) -> Exception | None:
        return MessageRefused(one.topic, Refusal.NO_SUCH_TOPIC, "unknown") if one.topic == "gone" and not mended else None

    async def story() -> None:
        nonlocal mended
        bench.kafka.refuses = refuse
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("a", 1, topic="gone"), message("a", 2, topic="gone")])
            await outbox.commit([], messages=[message("b", 1)])
            await bench.until_published("b1", seconds=1)
            mended = True
            await bench.until_published("a1", "a2", seconds=120)

    in_virtual_time(story())
    assert bench.kafka.published == ["b1", "a1", "a2"]


def test_a_message_that_kafka_did_not_take_is_not_overtaken_by_the_next(bench: Bench) -> None:
    tries = 0

    def refuse(one: OutgoingMessage) -> Exception | None:
        nonlocal tries
        tries += one.id == "a1"
        return Unavailable("kafka", "no leader") if one.id == "a1" and tries < 4 else None

    async def story() -> None:
        bench.kafka.refuses = refuse
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("a", 1)])
            await outbox.commit([], messages=[message("a", 2)])
            await bench.until_published("a1", "a2", seconds=60)

    in_virtual_time(story())
    assert bench.kafka.published == ["a1", "a2"]


def test_what_has_no_room_in_memory_is_published_from_the_table(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "MOST_HELD", 3)

    async def story() -> None:
        is_away = True
        bench.kafka.refuses = lambda _: Unavailable("kafka", "away") if is_away else None
        async with bench.process() as outbox:
            for sequence in range(1, 11):
                await outbox.commit([], messages=[message("a", sequence), message(f"b{sequence}-", 1)])
            is_away = False
            await bench.until_published("a10", "b10-1", seconds=120)

    in_virtual_time(story())
    assert first_seen(bench.kafka.published, "a") == [f"a{sequence}" for sequence in range(1, 11)]


def test_the_table_is_hardly_read_while_nothing_can_be_published(bench: Bench) -> None:
    async def story() -> None:
        bench.kafka.refuses = lambda _: Unavailable("kafka", "away")
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("a", 1)])
            bench.aws.operations.clear()
            await asyncio.sleep(120)

    in_virtual_time(story())
    assert bench.aws.operations.count("Scan") <= 120 / publisher.LOOK_EVERY_SECONDS / 10


def test_what_is_committed_last_is_published_before_the_end(bench: Bench) -> None:
    async def story() -> None:
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("a", 1)])

    in_virtual_time(story())
    assert bench.kafka.published == ["a1"]
    assert bench.in_outbox() == []


def test_the_end_comes_also_when_kafka_does_not(bench: Bench) -> None:
    async def story() -> float:
        bench.kafka.refuses = lambda _: Unavailable("kafka", "away")
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("a", 1)])
        return asyncio.get_running_loop().time()

    assert in_virtual_time(story()) < 5
    assert bench.in_outbox() == ["000000000001#a1"]


def test_a_table_that_cannot_be_cleared_ends_the_process(bench: Bench) -> None:
    async def story() -> None:
        async with bench.process() as outbox:
            bench.aws.fails["BatchWriteItem"] = AwsError("BatchWriteItem", "ResourceNotFoundException", "no table", {})
            await outbox.commit([], messages=[message("a", 1)])
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as ended:
        in_virtual_time(story())
    assert ended.group_contains(AwsError)


def test_a_message_that_kafka_would_never_take_is_refused_before_its_effect(bench: Bench) -> None:
    async def story() -> None:
        async with bench.process() as outbox:
            with pytest.raises(MessageTooLarge):
                await outbox.commit([Put(TABLE, {"pk": "a", "sk": "x"})], messages=[message("a", 1, body=b"x" * 400_000)])

    in_virtual_time(story())
    assert bench.aws.model.tables[TABLE].items == {}


def many(*, topic: str = "events") -> list[OutgoingMessage]:
    return [message(f"m{number}-", 1, topic=topic) for number in range(60)]


def test_many_messages_of_one_commit_are_one_item_until_all_are_published(bench: Bench) -> None:
    async def story() -> None:
        bench.kafka.refuses = lambda _: Unavailable("kafka", "away")
        async with bench.process() as outbox:
            await outbox.commit([], messages=many())
            assert len(bench.in_outbox()) == 1
            bench.kafka.refuses = lambda one: Unavailable("kafka", "away") if one.key == "m7-" else None
            await bench.until_published(*(one.id for one in many() if one.key != "m7-"), seconds=30)
            await asyncio.sleep(30)
            assert len(bench.in_outbox()) == 1
            bench.kafka.refuses = lambda _: None
            await bench.until_published("m7-1", seconds=30)
            await asyncio.sleep(5)

    in_virtual_time(story())
    assert sorted(bench.kafka.published) == sorted(one.id for one in many())
    assert bench.in_outbox() == []


def test_what_comes_later_does_not_overtake_a_message_in_a_parcel_that_a_dead_process_left(bench: Bench) -> None:
    async def story() -> None:
        await bench.left_by_a_dead_process_at_once(many())
        async with bench.process() as outbox:
            await outbox.commit([], messages=[message("m7-", 2)])
            await bench.until_published("m7-2", *(one.id for one in many()), seconds=30)
            await asyncio.sleep(10)

    in_virtual_time(story())
    assert first_seen(bench.kafka.published, "m7-") == ["m7-1", "m7-2"]
    assert bench.in_outbox() == []


def test_a_parcel_that_another_process_has_removed_is_forgotten(bench: Bench) -> None:
    async def story() -> None:
        bench.kafka.refuses = lambda _: Unavailable("kafka", "away")
        async with bench.process() as one:
            await one.commit([], messages=many())
            async with bench.process() as other:
                await other.commit([], messages=[message("m7-", 2)])
                await asyncio.sleep(60)
                bench.kafka.refuses = lambda _: None
                await bench.until_published("m7-2", *(one.id for one in many()), seconds=120)
                await asyncio.sleep(60)
                assert not [*one._waiting._parcels, *other._waiting._parcels]

    in_virtual_time(story())
    assert first_seen(bench.kafka.published, "m7-") == ["m7-1", "m7-2"]
    assert bench.in_outbox() == []


def test_a_parcel_goes_also_when_its_removal_fails_at_first(bench: Bench) -> None:
    async def story() -> None:
        async with bench.process() as outbox:
            bench.aws.fails["BatchWriteItem"] = Unavailable("aws dynamodb", "away")
            await outbox.commit([], messages=many())
            await bench.until_published(*(one.id for one in many()), seconds=30)
            await asyncio.sleep(5)
            assert len(bench.in_outbox()) == 1
            bench.aws.fails.clear()
            await asyncio.sleep(30)
            assert bench.in_outbox() == []

    in_virtual_time(story())
    assert len(bench.kafka.published) == len(many())


def test_messages_that_are_more_than_an_item_holds_are_several_parcels(bench: Bench) -> None:
    large = [message(f"l{number}-", 1, body=os.urandom(90_000)) for number in range(10)]

    async def story() -> None:
        bench.kafka.refuses = lambda _: Unavailable("kafka", "away")
        async with bench.process() as outbox:
            await outbox.commit([], messages=large)
            assert len(bench.in_outbox()) == 4
            bench.kafka.refuses = lambda _: None
            await bench.until_published(*(one.id for one in large), seconds=30)

    in_virtual_time(story())
    assert bench.in_outbox() == []
