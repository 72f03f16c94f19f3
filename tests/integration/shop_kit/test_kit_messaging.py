"""Producer, consumer and the DynamoDB outbox on real Kafka and the AWS emulator."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer as PlainConsumer
from confluent_kafka import Message
from fakes.bare_platform import PlatformSettings, make_table, make_topics
from fakes.unregistered_producer import producing
from shop_contracts.proto.inventory.v1.commands_pb2 import CommitStock, InventoryCommand
from shop_kit import context
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo, Put, TransactionCancelled
from shop_kit.clock import SystemClock
from shop_kit.errors import Invalid, Unavailable
from shop_kit.inbox import AlreadyHandled
from shop_kit.kafka.consumer import Consumer
from shop_kit.kafka.handling import Patience
from shop_kit.kafka.letters import moved_on, read_letters, send_back
from shop_kit.kafka.producer import Producer
from shop_kit.messages import OutgoingMessage, Received, Subscription, outgoing
from shop_kit.metrics import Metrics
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.resilience.retry import Retry
from shop_kit.settings import KafkaSettings

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
SECONDS = 30


@pytest.fixture
def topic(platform: PlatformSettings) -> str:
    name = f"kit.{uuid.uuid4().hex[:8]}"
    make_topics(platform.kafka, name, f"{name}.readers.dlq")
    return name


def message(topic: str, key: str, sequence: int) -> OutgoingMessage:
    command = InventoryCommand(order_id=key, commit_stock=CommitStock())
    return outgoing(topic, key, command, source="/test", sequence=sequence)


class Reader:
    """A handler that notes what it gets and fails as it is told."""

    def __init__(self) -> None:
        self.seen: dict[str, list[int]] = defaultdict(list)
        self.refuse: Callable[[Received[InventoryCommand]], None] = lambda _: None
        self.correlations: set[str | None] = set()

    async def __call__(self, received: Received[InventoryCommand]) -> None:
        self.refuse(received)
        self.correlations.add(context.correlation_id())
        await asyncio.sleep(0)
        self.seen[received.key].append(received.sequence)

    @property
    def count(self) -> int:
        return sum(map(len, self.seen.values()))


@asynccontextmanager
async def reading(settings: KafkaSettings, topic: str, reader: Reader, producer: Producer) -> AsyncIterator[None]:
    subscription = Subscription(topic, InventoryCommand, reader)
    patience = Patience(unknown_seconds=0.2, unknown=Retry(attempts=None, first_seconds=0.01, cap_seconds=0.05))
    async with Consumer.connect(settings, group="readers", subscriptions=[subscription], dead_letters=producer, patience=patience):
        yield


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not is_true():  # noqa: ASYNC110 - a condition in another thread or process has no event to wait for
            await asyncio.sleep(0.01)


def read_all(settings: KafkaSettings, topic: str, count: int) -> list[Message]:
    return read_until(settings, topic, lambda found: len(found) >= count)


def read_until(settings: KafkaSettings, topic: str, is_enough: Callable[[list[Message]], bool]) -> list[Message]:
    consumer = PlainConsumer(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found: list[Message] = []
    try:
        while not is_enough(found):
            message = consumer.poll(SECONDS)
            assert message is not None, f"only {len(found)} messages came on {topic}"
            found.append(message)
    finally:
        consumer.close()
    return found


async def test_each_key_is_handled_in_order_with_the_correlation_of_its_sender(platform: PlatformSettings, topic: str) -> None:
    reader = Reader()
    async with producing(platform.kafka, topic) as producer, reading(platform.kafka, topic, reader, producer):
        with context.bind(correlation_id="c-1"):
            await producer.publish([message(topic, f"k{number % 7}", number) for number in range(200)])
        await until(lambda: reader.count == 200)

    assert all(sequences == sorted(sequences) for sequences in reader.seen.values())
    assert reader.correlations == {"c-1"}


async def test_a_poison_message_goes_to_the_dead_letters_and_the_partition_goes_on(platform: PlatformSettings, topic: str) -> None:
    reader = Reader()

    def refuse(received: Received[InventoryCommand]) -> None:
        if received.sequence == 2:
            raise Invalid("cannot be handled")

    reader.refuse = refuse
    async with producing(platform.kafka, topic) as producer, reading(platform.kafka, topic, reader, producer):
        await producer.publish([message(topic, "k", number) for number in range(1, 5)])
        await producer.send_raw(topic, b"k", b"not a message at all", [])
        await producer.publish([message(topic, "k", 5)])
        await until(lambda: reader.count == 4)

    letters = await asyncio.to_thread(read_all, platform.kafka, f"{topic}.readers.dlq", 2)
    headers: list[dict[str, Any]] = [dict(letter.headers() or []) for letter in letters]
    assert reader.seen["k"] == [1, 3, 4, 5]
    assert [(one["dlq_attempts"], one["dlq_topic"]) for one in headers] == [(b"1", topic.encode()), (b"0", topic.encode())]
    assert b"cannot be handled" in headers[0]["dlq_reason"]
    assert headers[0]["ce_sequence"] == b"2"
    assert letters[1].value() == b"not a message at all"


async def test_dead_letters_are_sent_back_to_their_group_alone(platform: PlatformSettings, topic: str) -> None:
    reader, other = Reader(), Reader()

    def refuse(received: Received[InventoryCommand]) -> None:
        if received.sequence != 3:
            raise Invalid("not yet")

    reader.refuse = refuse
    servers, letters_topic = platform.kafka.kafka_bootstrap_servers, f"{topic}.readers.dlq"
    others = Subscription(topic, InventoryCommand, other, dead_letters=False)
    async with (
        producing(platform.kafka, topic) as producer,
        reading(platform.kafka, topic, reader, producer),
        Consumer.connect(platform.kafka, group="others", subscriptions=[others], dead_letters=producer),
    ):
        await producer.publish([message(topic, "k", number) for number in (1, 2, 3)])
        await producer.send_raw(letters_topic, b"k", b"no letter of ours", [])
        await until(lambda: reader.count == 1 and other.count == 3)
        await asyncio.to_thread(read_all, platform.kafka, letters_topic, 3)
        reader.refuse = lambda _: None

        found = await asyncio.to_thread(read_letters, servers, letters_topic)
        own = [letter for letter in found if letter.origin]
        later = await asyncio.to_thread(moved_on, servers, own)
        await asyncio.to_thread(send_back, servers, own[:1])
        await until(lambda: reader.count == 2)
        afterwards = await asyncio.to_thread(read_letters, servers, letters_topic)

    assert reader.seen["k"] == [3, 1]
    assert other.seen["k"] == [1, 2, 3]
    assert [later[letter.id] for letter in own] == [2, 1]
    assert [(letter.headers.get("dlq_cause"), letter.times_sent_back) for letter in afterwards if letter.origin] == [
        ("invalid", 1),
        ("invalid", 0),
    ]
    assert len(found) == len(afterwards) == 3


async def test_a_message_waits_for_a_dependency_that_is_away_instead_of_being_buried(
    platform: PlatformSettings, topic: str
) -> None:
    reader = Reader()
    tries = 0

    def refuse(received: Received[InventoryCommand]) -> None:
        nonlocal tries
        tries += 1
        if tries <= 6:
            raise Unavailable("store", "down")

    reader.refuse = refuse
    async with producing(platform.kafka, topic) as producer, reading(platform.kafka, topic, reader, producer):
        await producer.publish([message(topic, "k", 1), message(topic, "k", 2)])
        await until(lambda: reader.count == 2)

    assert reader.seen["k"] == [1, 2]
    assert tries == 8


async def test_what_was_handled_does_not_come_again_to_the_next_member(platform: PlatformSettings, topic: str) -> None:
    first, second = Reader(), Reader()
    async with producing(platform.kafka, topic) as producer:
        async with reading(platform.kafka, topic, first, producer):
            await producer.publish([message(topic, f"k{number}", 1) for number in range(20)])
            await until(lambda: first.count == 20)
        async with reading(platform.kafka, topic, second, producer):
            await producer.publish([message(topic, "last", 1)])
            await until(lambda: second.count == 1)

    assert set(second.seen) == {"last"}


@asynccontextmanager
async def storing(platform: PlatformSettings) -> AsyncIterator[tuple[Dynamo, str, str]]:
    name = f"kit-{uuid.uuid4().hex[:8]}"
    async with AwsClient.connect(platform.aws) as client:
        await make_table(client, name, "pk", "sk")
        await make_table(client, f"{name}-outbox", "pk", "sk")
        yield Dynamo(client), name, f"{name}-outbox"


async def test_an_effect_and_its_message_are_written_once_for_each_message_handled(platform: PlatformSettings, topic: str) -> None:
    async with (
        storing(platform) as (dynamo, table, outbox_table),
        producing(platform.kafka, topic) as producer,
        DynamoOutbox.open(dynamo, table=table, outbox_table=outbox_table, producer=producer) as outbox,
    ):
        await outbox.commit([Put(table, {"pk": "a", "sk": "x"})], messages=[message(topic, "a", 1)], handling="m-1")
        with pytest.raises(AlreadyHandled):
            await outbox.commit([Put(table, {"pk": "b", "sk": "x"})], messages=[message(topic, "b", 1)], handling="m-1")
        with pytest.raises(TransactionCancelled) as caught:
            taken = Put(table, {"pk": "a", "sk": "x"}, condition="attribute_not_exists(pk)")
            await outbox.commit([taken], messages=[message(topic, "b", 1)], handling="m-2")
        await until_empty(dynamo, outbox_table)

        published = await asyncio.to_thread(read_all, platform.kafka, topic, 1)
        assert [one.key() for one in published] == [b"a"]
        assert set(caught.value.failed) == {0}
        assert await dynamo.get(table, {"pk": "b", "sk": "x"}) is None


async def test_what_a_dead_process_left_is_published_in_order(platform: PlatformSettings, topic: str) -> None:
    async with storing(platform) as (dynamo, table, outbox_table), producing(platform.kafka, topic) as producer:
        dead = DynamoOutbox(
            dynamo, table=table, outbox_table=outbox_table, producer=producer, metrics=Metrics(), clock=SystemClock()
        )  # its relay never runs: as if killed right after each commit
        for sequence in (1, 2, 3):
            await dead.commit([], messages=[message(topic, "a", sequence)])

        async with DynamoOutbox.open(dynamo, table=table, outbox_table=outbox_table, producer=producer) as heir:
            await heir.commit([], messages=[message(topic, "a", 4)])
            await until_empty(dynamo, outbox_table)

    # Some may be published twice; what counts is that none overtakes another when it is first seen.
    published = await asyncio.to_thread(read_until, platform.kafka, topic, lambda found: 4 in map(sequence_of, found))
    assert list(dict.fromkeys(map(sequence_of, published))) == [1, 2, 3, 4]


def sequence_of(record: Message) -> int:
    return int(dict(record.headers() or [])["ce_sequence"])  # type: ignore[arg-type]  # the client gives pairs


async def until_empty(dynamo: Dynamo, table: str) -> None:
    async with asyncio.timeout(SECONDS):
        while (await dynamo.scan(table)).items:  # noqa: ASYNC110 - a condition in another process has no event to wait for
            await asyncio.sleep(0.02)
