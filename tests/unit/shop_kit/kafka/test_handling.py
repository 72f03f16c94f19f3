"""What becomes of a message: handled, waiting, buried or parked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes.kafka_records import TOPIC, LetterBox, command
from fakes.virtual_time import in_virtual_time
from opentelemetry.trace import NoOpTracer
from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_kit.errors import Conflict, Invalid, Overloaded, Unavailable
from shop_kit.kafka.dead_letters import DeadLetters
from shop_kit.kafka.handling import Failing, MessageHandler, Outcome, Patience
from shop_kit.kafka.producer import MessageRefused, Refusal
from shop_kit.messages import Received, Subscription

HOUR = 3600.0
Handle = Callable[[Received[InventoryCommand]], Awaitable[None]]


class Bench:
    """One group's handler, and its dead letters."""

    def __init__(self) -> None:
        self.box = LetterBox()
        self.patience = Patience()
        self.handler: MessageHandler | None = None
        self.places = asyncio.Semaphore(2)
        self.leaving = asyncio.Event()

    async def handle(self, handle: Handle, message: object, failing: Failing | None = None) -> Outcome:
        if self.handler is None:
            letters = DeadLetters(self.box, group="readers")
            self.handler = MessageHandler(group="readers", dead_letters=letters, tracer=NoOpTracer(), patience=self.patience)
        return await self.handler.handle(
            Subscription(TOPIC, InventoryCommand, handle),
            message,  # type: ignore[arg-type]  # a record in memory
            failing=failing or Failing(),
            places=self.places,
            leaving=self.leaving,
        )

    @property
    def causes(self) -> list[str]:
        return [headers["dlq_cause"] for _topic, _key, _value, headers in self.box.letters]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def raising(error: Exception, *, until: float = float("inf")) -> Handle:
    async def handle(_message: Received[InventoryCommand]) -> None:
        if asyncio.get_running_loop().time() < until:
            raise error

    return handle


async def is_fine(_message: Received[InventoryCommand]) -> None:
    pass


@pytest.mark.parametrize(
    "error", [Unavailable("postgresql", "read-only"), Overloaded("psp", "full"), Conflict("stock", "overtaken"), TimeoutError()]
)
def test_while_everything_is_away_everything_waits_however_long_it_takes(bench: Bench, error: Exception) -> None:
    async def story() -> list[Outcome]:
        handle = raising(error, until=HOUR)
        return await asyncio.gather(*(bench.handle(handle, command(f"k{number}")) for number in range(3)))

    assert in_virtual_time(story()) == [Outcome.HANDLED] * 3
    assert bench.box.letters == []


def test_a_key_whose_dependency_alone_is_away_makes_room_after_some_minutes(bench: Bench) -> None:
    async def story() -> tuple[Outcome, float]:
        away = asyncio.create_task(bench.handle(raising(Unavailable("issuer", "away")), command("card")))
        while not away.done():
            await asyncio.sleep(5)
            assert await bench.handle(is_fine, command("other")) is Outcome.HANDLED
        return away.result(), asyncio.get_running_loop().time()

    outcome, seconds = in_virtual_time(story())
    assert outcome is Outcome.PARKED
    assert bench.patience.waiting_seconds <= seconds < bench.patience.waiting_seconds + 60
    assert bench.causes == ["parked"]


def test_a_message_in_flight_when_everything_went_away_is_not_parked(bench: Bench) -> None:
    async def story() -> Outcome:
        waiting = asyncio.create_task(bench.handle(raising(Unavailable("postgresql", "away"), until=HOUR), command("a")))
        await asyncio.sleep(0.01)
        await bench.handle(is_fine, command("b"))  # the last one that got through
        return await waiting

    assert in_virtual_time(story()) is Outcome.HANDLED


def test_the_next_message_of_a_key_that_was_parked_does_not_wait_as_long_again(bench: Bench) -> None:
    async def story() -> float:
        failing = Failing()
        stop = asyncio.Event()

        async def others() -> None:
            while not stop.is_set():
                await bench.handle(is_fine, command("other"))
                await asyncio.sleep(5)

        going = asyncio.create_task(others())
        await bench.handle(raising(Unavailable("issuer", "away")), command("card", 1), failing)
        began = asyncio.get_running_loop().time()
        await bench.handle(raising(Unavailable("issuer", "away")), command("card", 2), failing)
        stop.set()
        await going
        return asyncio.get_running_loop().time() - began

    assert in_virtual_time(story()) < 10
    assert bench.causes == ["parked", "parked"]


def test_what_nobody_understands_is_tried_for_ten_minutes_and_then_parked(bench: Bench) -> None:
    async def story() -> tuple[Outcome, float]:
        outcome = await bench.handle(raising(ZeroDivisionError()), command("a"))
        return outcome, asyncio.get_running_loop().time()

    outcome, seconds = in_virtual_time(story())
    assert outcome is Outcome.PARKED
    assert bench.patience.unknown_seconds <= seconds < bench.patience.unknown_seconds + 60
    assert bench.box.letters[0][3]["dlq_reason"].startswith("ZeroDivisionError")


def test_an_unknown_failure_that_passes_buries_nothing(bench: Bench) -> None:
    """Keys that expired and were renewed, a deployment that was rolled back."""
    assert in_virtual_time(bench.handle(raising(RuntimeError("who knows"), until=300), command("a"))) is Outcome.HANDLED


def test_what_is_said_to_be_wrong_is_a_dead_letter_at_once(bench: Bench) -> None:
    async def story() -> tuple[Outcome, float]:
        return await bench.handle(raising(Invalid("no such kind")), command("a")), asyncio.get_running_loop().time()

    assert in_virtual_time(story()) == (Outcome.DEAD_LETTER, 0.0)
    (topic, key, _value, headers) = bench.box.letters[0]
    assert (topic, key, headers["dlq_cause"], headers["dlq_attempts"]) == (f"{TOPIC}.readers.dlq", b"a", "invalid", "1")
    assert headers["ce_id"] == b"a-1"


@pytest.mark.parametrize(
    "poison",
    [command("a", "9" * 5_000), command("a", "-1"), command("a", "²"), command("a", value=b"no message"), command("a", value=b"")],
    ids=["5000 digits", "negative", "not quite a digit", "no message", "nothing"],
)
def test_bytes_that_cannot_be_read_are_dead_letters_whatever_they_break(bench: Bench, poison: object) -> None:
    assert in_virtual_time(bench.handle(is_fine, poison)) is Outcome.DEAD_LETTER


def test_a_handler_that_hangs_is_ended_and_tried_again(bench: Bench) -> None:
    tries = 0

    async def hangs_once(_message: Received[InventoryCommand]) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await asyncio.Event().wait()

    assert in_virtual_time(bench.handle(hangs_once, command("a"))) is Outcome.HANDLED
    assert tries == 2


def test_who_waits_takes_no_place_from_those_who_can_work(bench: Bench) -> None:
    async def story() -> None:
        waiting = [
            asyncio.create_task(bench.handle(raising(Unavailable("issuer", "away"), until=100), command(f"card{number}")))
            for number in range(20)
        ]
        await asyncio.sleep(10)
        async with asyncio.timeout(1):
            assert await bench.handle(is_fine, command("other")) is Outcome.HANDLED
        await asyncio.gather(*waiting)

    in_virtual_time(story())


def test_who_waits_leaves_at_once_when_its_partition_goes(bench: Bench) -> None:
    async def story() -> float:
        waiting = asyncio.create_task(bench.handle(raising(Unavailable("issuer", "away")), command("a")))
        await asyncio.sleep(60)
        bench.leaving.set()
        assert await waiting is Outcome.LEFT
        return asyncio.get_running_loop().time()

    assert in_virtual_time(story()) == 60
    assert bench.box.letters == []


def test_a_group_without_dead_letters_drops_what_it_cannot_handle_and_goes_on(bench: Bench) -> None:
    bench.box.refuses = lambda topic, _value: MessageRefused(topic, Refusal.NO_SUCH_TOPIC, "unknown topic")

    assert in_virtual_time(bench.handle(raising(Invalid("wrong")), command("a"))) is Outcome.DROPPED


def test_a_dead_letter_that_is_too_large_with_its_headers_is_kept_without_its_value(bench: Bench) -> None:
    bench.box.refuses = lambda topic, value: MessageRefused(topic, Refusal.TOO_LARGE, "too large") if value else None

    assert in_virtual_time(bench.handle(raising(Invalid("wrong")), command("a", offset=7))) is Outcome.DEAD_LETTER
    (_topic, _key, value, headers) = bench.box.letters[0]
    assert (value, headers["dlq_offset"], headers["dlq_value"]) == (None, "7", "left out: too large")


def test_a_dead_letter_waits_for_kafka(bench: Bench) -> None:
    bench.box.refuses = lambda _topic, _value: Unavailable("kafka", "away") if asyncio.get_running_loop().time() < 60 else None

    assert in_virtual_time(bench.handle(raising(Invalid("wrong")), command("a"))) is Outcome.DEAD_LETTER
