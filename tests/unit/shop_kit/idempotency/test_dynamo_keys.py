"""A lease on a key in DynamoDB: who holds it, who may take it over, and what a failure leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.model_aws import ModelAws
from fakes.virtual_time import in_virtual_time
from shop_kit.errors import Unavailable
from shop_kit.idempotency import Answer, AnsweredBefore, Claim, InProgress, KeyReused
from shop_kit.idempotency.claims import LEASE_SECONDS
from shop_kit.idempotency.dynamo import DynamoIdempotency
from shop_kit.testing.clock import HandClock

CLAIM = Claim("ann POST /v1/refunds", "k-1", "f-1")
FIRST, SECOND = Answer(201, b'{"by": "first"}'), Answer(201, b'{"by": "second"}')


class Bench:
    def __init__(self) -> None:
        self.aws = ModelAws()
        self.aws.model.make("t", "pk", "sk")
        self.clock = HandClock()
        self.keys = DynamoIdempotency(self.aws.dynamo(), "t", self.clock)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def gives_first() -> Answer:
    return FIRST


async def gives_second() -> Answer:
    return SECOND


async def fails() -> Answer:
    raise Unavailable("payment provider", "away")


def test_a_request_that_comes_again_gets_the_first_answer(bench: Bench) -> None:
    async def story() -> None:
        assert await bench.keys.once(CLAIM, gives_first) == FIRST
        with pytest.raises(AnsweredBefore) as before:
            await bench.keys.once(CLAIM, gives_second)
        assert before.value.answer == FIRST

    in_virtual_time(story())


def test_a_key_with_another_request_is_refused(bench: Bench) -> None:
    async def story() -> None:
        await bench.keys.once(CLAIM, gives_first)
        with pytest.raises(KeyReused):
            await bench.keys.once(Claim(CLAIM.scope, CLAIM.key, "f-2"), gives_second)

    in_virtual_time(story())


def test_a_twin_is_turned_away_while_the_first_is_at_work(bench: Bench) -> None:
    async def story() -> None:
        async def with_a_twin() -> Answer:
            with pytest.raises(InProgress):
                await bench.keys.once(CLAIM, gives_second)
            return FIRST

        assert await bench.keys.once(CLAIM, with_a_twin) == FIRST

    in_virtual_time(story())


def test_work_that_failed_may_be_sent_again_at_once(bench: Bench) -> None:
    async def story() -> None:
        with pytest.raises(Unavailable):
            await bench.keys.once(CLAIM, fails)
        assert await bench.keys.once(CLAIM, gives_second) == SECOND

    in_virtual_time(story())


def test_a_request_whose_answer_could_not_be_kept_may_be_sent_again_at_once(bench: Bench) -> None:
    call, writes = bench.aws.call, 0

    async def keeps_nothing(
        service: str, prefix: str, operation: str, request: dict[str, object], **rest: str
    ) -> dict[str, object]:
        nonlocal writes
        writes += operation == "PutItem"
        if writes == 2 and operation == "PutItem":
            raise Unavailable("aws dynamodb", "away")
        return await call(service, prefix, operation, request, **rest)

    bench.aws.call = keeps_nothing  # type: ignore[method-assign]

    async def story() -> None:
        with pytest.raises(Unavailable):
            await bench.keys.once(CLAIM, gives_first)
        assert await bench.keys.once(CLAIM, gives_second) == SECOND

    in_virtual_time(story())


def test_a_key_that_cannot_be_given_back_at_once_is_given_back_when_the_table_answers_again(bench: Bench) -> None:
    async def story() -> None:
        async with DynamoIdempotency.open(bench.aws.dynamo(), "t", bench.clock) as keys:
            bench.aws.fails["DeleteItem"] = Unavailable("aws dynamodb", "away")
            with pytest.raises(Unavailable):
                await keys.once(CLAIM, fails)
            with pytest.raises(InProgress):
                await keys.once(CLAIM, gives_second)
            await asyncio.sleep(LEASE_SECONDS / 2)
            del bench.aws.fails["DeleteItem"]
            await asyncio.sleep(1)
            assert await keys.once(CLAIM, gives_second) == SECOND

    in_virtual_time(story())


def test_a_key_is_not_given_back_for_longer_than_it_is_claimed(bench: Bench) -> None:
    async def story() -> None:
        async with DynamoIdempotency.open(bench.aws.dynamo(), "t", bench.clock) as keys:
            bench.aws.fails["DeleteItem"] = Unavailable("aws dynamodb", "away")
            with pytest.raises(Unavailable):
                await keys.once(CLAIM, fails)
            await asyncio.sleep(LEASE_SECONDS + 1)
            tried = len(bench.aws.operations)
            await asyncio.sleep(LEASE_SECONDS)
            assert len(bench.aws.operations) == tried

    in_virtual_time(story())


def test_a_claim_that_was_written_and_never_answered_is_given_back(bench: Bench) -> None:
    async def loses(operation: str) -> None:
        if operation == "PutItem":
            bench.aws.before_answer = None
            raise Unavailable("aws dynamodb", "the answer was lost")

    bench.aws.before_answer = loses

    async def story() -> None:
        with pytest.raises(Unavailable):
            await bench.keys.once(CLAIM, gives_first)
        assert await bench.keys.once(CLAIM, gives_second) == SECOND

    in_virtual_time(story())


def test_giving_back_that_is_cancelled_goes_on_in_the_background(bench: Bench) -> None:
    async def story() -> None:
        async with DynamoIdempotency.open(bench.aws.dynamo(), "t", bench.clock) as keys:
            is_asked = asyncio.Event()

            async def hangs(operation: str) -> None:
                if operation == "DeleteItem":
                    is_asked.set()
                    await asyncio.Event().wait()

            call, bench.aws.call = bench.aws.call, _before(bench.aws.call, hangs)  # type: ignore[method-assign]
            request = asyncio.get_running_loop().create_task(keys.once(CLAIM, fails))
            await is_asked.wait()
            bench.aws.call = call  # type: ignore[method-assign]
            request.cancel()
            await asyncio.wait([request])
            await asyncio.sleep(2)
            assert await keys.once(CLAIM, gives_second) == SECOND

    in_virtual_time(story())


def _before(call: Callable[..., Any], hook: Callable[[str], Awaitable[None]]) -> Callable[..., Any]:
    """Return `call` with something that happens before it."""

    async def hooked(service: str, prefix: str, operation: str, request: dict[str, Any], **rest: str) -> Any:
        await hook(operation)
        return await call(service, prefix, operation, request, **rest)

    return hooked


def test_work_that_was_cancelled_may_be_sent_again_at_once(bench: Bench) -> None:
    async def never() -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await bench.keys.once(CLAIM, never)
        assert await bench.keys.once(CLAIM, gives_second) == SECOND

    in_virtual_time(story())


def test_a_claim_whose_answer_was_lost_is_still_ones_own(bench: Bench) -> None:
    """The client below sends the same write once more, and that one meets what the first has written."""
    call = bench.aws.call

    async def twice(service: str, prefix: str, operation: str, request: dict[str, object], **rest: str) -> dict[str, object]:
        if operation == "PutItem" and not bench.aws.operations:
            await call(service, prefix, operation, request, **rest)
        return await call(service, prefix, operation, request, **rest)

    bench.aws.call = twice  # type: ignore[method-assign]  # a client that repeats itself

    async def story() -> None:
        assert await bench.keys.once(CLAIM, gives_first) == FIRST

    in_virtual_time(story())


@pytest.mark.parametrize("ends", ["answers", "fails"])
def test_who_lost_the_lease_changes_nothing_of_its_heirs(bench: Bench, ends: str) -> None:
    async def story() -> None:
        async def slow() -> Answer:
            bench.clock.pass_by(LEASE_SECONDS + 1)
            assert await bench.keys.once(CLAIM, gives_second) == SECOND
            return await (gives_first() if ends == "answers" else fails())

        if ends == "answers":
            await bench.keys.once(CLAIM, slow)
        else:
            with pytest.raises(Unavailable):
                await bench.keys.once(CLAIM, slow)
        with pytest.raises(AnsweredBefore) as before:
            await bench.keys.once(CLAIM, gives_first)
        assert before.value.answer == SECOND

    in_virtual_time(story())


def test_who_lost_the_lease_does_not_give_away_the_key_while_the_heir_is_at_work(bench: Bench) -> None:
    async def story() -> None:
        heir_may_end = asyncio.Event()

        async def heir() -> Answer:
            await heir_may_end.wait()
            return SECOND

        async def slow() -> Answer:
            bench.clock.pass_by(LEASE_SECONDS + 1)
            asyncio.get_running_loop().create_task(bench.keys.once(CLAIM, heir))
            await asyncio.sleep(1)
            raise Unavailable("payment provider", "away")

        with pytest.raises(Unavailable):
            await bench.keys.once(CLAIM, slow)
        with pytest.raises(InProgress):
            await bench.keys.once(CLAIM, gives_first)
        heir_may_end.set()
        await asyncio.sleep(1)
        with pytest.raises(AnsweredBefore):
            await bench.keys.once(CLAIM, gives_first)

    in_virtual_time(story())
