"""A member of a group: what it stores, when it is ready, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from confluent_kafka import KafkaError, KafkaException, Message
from fakes.kafka_records import TOPIC, Client, InlineThread, LetterBox, Record, command
from fakes.virtual_time import in_virtual_time
from opentelemetry.trace import NoOpTracer
from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_kit.errors import Unavailable
from shop_kit.kafka import consumer as module
from shop_kit.kafka.consumer import Consumer, SubscribedTwice
from shop_kit.kafka.handling import Patience
from shop_kit.messages import Received, Subscription
from shop_kit.metrics import Metrics

Handle = Callable[[Received[InventoryCommand]], Awaitable[None]]


async def is_fine(_message: Received[InventoryCommand]) -> None:
    pass


def consumer_of(client: Client, handle: Handle, *, times: int = 1) -> Consumer:
    return Consumer(
        client.as_client(),
        InlineThread(),
        group="readers",
        subscriptions=[Subscription(TOPIC, InventoryCommand, handle)] * times,
        dead_letters=LetterBox(),
        metrics=Metrics(),
        tracer=NoOpTracer(),
        patience=Patience(),
    )


@asynccontextmanager
async def consuming(client: Client, handle: Handle = is_fine) -> AsyncIterator[Consumer]:
    consumer = consumer_of(client, handle)
    async with consumer.consuming(lambda: 2.0):
        yield consumer


def records(count: int, *, keys: int) -> list[Message]:
    return [command(f"k{offset % keys}", offset, offset=offset) for offset in range(count)]


def test_offsets_are_stored_behind_the_effects_and_never_beyond_one_that_waits() -> None:
    client = Client()
    client.records.extend(records(30, keys=3))

    async def handle(message: Received[InventoryCommand]) -> None:
        if message.offset == 12 and asyncio.get_running_loop().time() < 60:
            raise Unavailable("issuer", "away")

    async def story() -> list[int]:
        async with consuming(client, handle):
            await asyncio.sleep(30)
            before = [*client.stored]
            await asyncio.sleep(60)
        return before

    before = in_virtual_time(story())
    assert max(before) == 12
    assert client.stored[-1] == 30
    assert client.stored == sorted(client.stored)


def test_a_partition_is_paused_for_what_is_unfinished_and_not_for_what_is_done_behind_one_that_waits() -> None:
    client = Client()
    client.records.extend(records(module.PAUSE_ABOVE * 3, keys=1_500))

    async def one_waits(message: Received[InventoryCommand]) -> None:
        if message.offset == 0:
            raise Unavailable("issuer", "away")

    async def story() -> None:
        async with consuming(client, one_waits):
            await asyncio.sleep(60)

    in_virtual_time(story())
    assert len(client.records) == 0
    assert len(client.paused) == len(client.resumed)


def test_a_partition_that_cannot_keep_up_is_paused_and_resumed() -> None:
    client = Client()
    client.records.extend(records(5_000, keys=5_000))

    async def slow(_message: Received[InventoryCommand]) -> None:
        await asyncio.sleep(1)

    async def story() -> int:
        async with consuming(client, slow):
            await asyncio.sleep(10)
            most = 5_000 - len(client.records)
            await asyncio.sleep(600)
        return most

    assert in_virtual_time(story()) < module.PAUSE_ABOVE + 10 * module.BATCH
    assert client.paused
    assert client.stored[-1] == 5_000


def test_a_partition_that_was_lost_while_it_was_paused_is_read_again_when_it_comes_back() -> None:
    client = Client()
    client.records.extend(records(5_000, keys=5_000))
    handled = asyncio.Event()

    async def stuck(_message: Received[InventoryCommand]) -> None:
        await handled.wait()

    async def story() -> None:
        async with consuming(client, stuck):
            await asyncio.sleep(10)
            assert client.is_paused
            client.revokes = True
            await asyncio.sleep(60)
            handled.set()
            client.assigns = True
            await asyncio.sleep(60)

    in_virtual_time(story())
    assert len(client.records) == 0


def test_a_member_is_ready_once_the_group_has_given_it_its_partitions() -> None:
    client = Client()
    client.assigns = False

    async def story() -> None:
        async with consuming(client) as consumer:
            await asyncio.sleep(5)
            with pytest.raises(Unavailable, match="not assigned"):
                await consumer.check()
            client.assigns = True
            await asyncio.sleep(1)
            await consumer.check()

    in_virtual_time(story())


def test_a_member_is_ready_at_once_and_not_after_a_round_of_polls_that_found_nothing() -> None:
    class Slow(InlineThread):
        async def call(self, work: Callable[[], object]) -> object:  # type: ignore[override]  # tells late
            done = await super().call(work)
            await asyncio.sleep(1)
            return done

    async def story() -> None:
        consumer = consumer_of(Client(), is_fine)
        consumer._thread = Slow()  # type: ignore[assignment]  # a thread that tells late
        async with consumer.consuming(lambda: 0.0):
            await asyncio.sleep(1.5)
            await consumer.check()

    in_virtual_time(story())


def test_the_loop_is_woken_for_messages_and_seldom_for_polls_that_find_none(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    calls, polls = [], []
    poll, call = client.poll, InlineThread.call

    def counted_poll(seconds: float) -> Message | None:
        polls.append(seconds)
        return poll(seconds)

    async def counted_call(self: InlineThread, work: Callable[[], object]) -> object:
        calls.append(work)
        return await call(self, work)

    monkeypatch.setattr(client, "poll", counted_poll)
    monkeypatch.setattr(InlineThread, "call", counted_call)

    async def story() -> None:
        async with consuming(client):
            await asyncio.sleep(5)

    in_virtual_time(story())
    assert len(polls) > (module.POLLS_A_CALL - 1) * (len(calls) - 2)  # two of them subscribe and close


def test_a_member_whose_thread_hangs_is_not_ready() -> None:
    client = Client()

    class Hanging(InlineThread):
        hangs = False

        async def call(self, work: Callable[[], object]) -> object:  # type: ignore[override]  # hangs like a thread
            if self.hangs:
                await asyncio.sleep(3600)
            return await super().call(work)

    async def story() -> None:
        thread = Hanging()
        consumer = consumer_of(client, is_fine)
        consumer._thread = thread  # type: ignore[assignment]  # a thread that can be made to hang
        async with consumer.consuming(lambda: 0.0):
            await asyncio.sleep(1)
            await consumer.check()
            thread.hangs = True
            await asyncio.sleep(60)
            with pytest.raises(Unavailable, match="not polled"):
                await consumer.check()

    in_virtual_time(story())


@pytest.mark.parametrize(
    "how", ["the poll raises", "a fatal error is reported", "another has taken its name", "a handler's task breaks"]
)
def test_a_consumer_that_cannot_go_on_ends_its_service(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    fatal = KafkaError(KafkaError.FENCED_INSTANCE_ID, "fenced", fatal=True)

    async def story() -> None:
        async with asyncio.timeout(60), consuming(client):
            await asyncio.sleep(1)
            match how:
                case "the poll raises":
                    client.failure = RuntimeError("the thread is broken")
                case "a fatal error is reported":
                    client.records.append(Record(None, None, {}, error_=fatal).as_message())
                case "another has taken its name":
                    fenced = KafkaError(KafkaError._FATAL, "Static consumer fenced by other consumer with same group.instance.id")
                    client.records.append(Record(None, None, {}, error_=fenced).as_message())
                case _:
                    monkeypatch.setattr(Consumer, "_store", lambda *_: 1 / 0)
                    client.records.append(command("a"))
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as ended:
        in_virtual_time(story())
    assert ended.group_contains((RuntimeError, KafkaException, ZeroDivisionError))
    assert client.is_closed or how == "the poll raises"


def test_two_subscriptions_on_one_topic_are_refused() -> None:
    with pytest.raises(SubscribedTwice, match=TOPIC):
        consumer_of(Client(), is_fine, times=2)


def test_what_is_under_way_may_finish_when_the_service_stops_and_what_waits_does_not_hold_it_up() -> None:
    client = Client()
    client.records.extend(command(key, 1, offset=offset) for offset, key in enumerate(("quick", "waits")))

    async def handle(message: Received[InventoryCommand]) -> None:
        if message.key == "waits":
            raise Unavailable("issuer", "away")
        await asyncio.sleep(1.5)

    async def story() -> float:
        async with consuming(client, handle):
            await asyncio.sleep(1)
        return asyncio.get_running_loop().time()

    assert in_virtual_time(story()) < 2
    assert client.stored == [1]
    assert client.is_closed
