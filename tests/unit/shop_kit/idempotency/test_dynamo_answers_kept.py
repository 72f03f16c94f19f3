"""Answers that are kept together with the whole effect of their requests, in one transaction and without a lease."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.model_aws import ModelAws
from fakes.virtual_time import in_virtual_time
from shop_kit.aws.dynamo import Put, TransactionCancelled
from shop_kit.errors import Unavailable
from shop_kit.idempotency import Answer, AnsweredBefore, Claim, InProgress, KeyReused
from shop_kit.idempotency.claims import LEASE_SECONDS, LIFETIME_SECONDS
from shop_kit.idempotency.dynamo import DynamoIdempotency
from shop_kit.testing.clock import HandClock

CLAIM = Claim("ann POST /v1/quotes", "k-1", "f-1")
OTHER_REQUEST = Claim(CLAIM.scope, CLAIM.key, "f-2")
FIRST, SECOND = Answer(201, b'{"by": "first"}', {"location": "/v1/quotes/1"}), Answer(201, b'{"by": "second"}')


def effect(name: str) -> Put:
    return Put("t", {"pk": name, "sk": "effect"}, condition="attribute_not_exists(pk)")


class Bench:
    def __init__(self) -> None:
        self.aws = ModelAws()
        self.aws.model.make("t", "pk", "sk")
        self.clock = HandClock()
        self.keys = DynamoIdempotency(self.aws.dynamo(), "t", self.clock)

    @property
    def effects(self) -> list[str]:
        return sorted(key[0] for key in self.aws.model.tables["t"].items if key[1] == "effect")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_one_call_keeps_the_effect_and_the_answer(bench: Bench) -> None:
    async def story() -> None:
        await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        assert bench.aws.operations == ["TransactWriteItems"]
        assert await bench.keys.find(CLAIM) == FIRST

    in_virtual_time(story())
    assert bench.effects == ["q-1"]


def test_the_same_request_again_has_no_effect_and_gets_the_first_answer(bench: Bench) -> None:
    async def story() -> None:
        await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        with pytest.raises(AnsweredBefore) as before:
            await bench.keys.keep(CLAIM, SECOND, beside=[effect("q-2")])
        assert before.value.answer == FIRST

    in_virtual_time(story())
    assert bench.effects == ["q-1"]


def test_of_twins_that_are_at_work_together_one_has_an_effect(bench: Bench) -> None:
    async def story() -> None:
        twins = (bench.keys.keep(CLAIM, FIRST, beside=[effect(name)]) for name in ("q-1", "q-2"))
        outcomes = await asyncio.gather(*twins, return_exceptions=True)
        assert sorted(type(one).__name__ for one in outcomes) == ["AnsweredBefore", "NoneType"]

    in_virtual_time(story())
    assert len(bench.effects) == 1


def test_the_key_with_another_request_has_no_effect(bench: Bench) -> None:
    async def story() -> None:
        await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        with pytest.raises(KeyReused):
            await bench.keys.keep(OTHER_REQUEST, SECOND, beside=[effect("q-2")])
        with pytest.raises(KeyReused):
            await bench.keys.find(OTHER_REQUEST)

    in_virtual_time(story())
    assert bench.effects == ["q-1"]


def test_a_lost_answer_of_the_table_is_no_repetition(bench: Bench) -> None:
    async def story() -> None:
        bench.aws.lost = 1
        await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        assert await bench.keys.find(CLAIM) == FIRST

    in_virtual_time(story())
    assert bench.effects == ["q-1"]


def test_a_table_that_repeats_what_it_has_done_tells_nobody_that_the_request_came_before(bench: Bench) -> None:
    """Where the client's second try is judged anew, it meets what the first has written: that is its own."""
    call = bench.aws.call

    async def twice(service: str, prefix: str, operation: str, request: dict[str, Any], **rest: str) -> dict[str, Any]:
        await call(service, prefix, operation, request, **rest)
        return await call(service, prefix, operation, {**request, "ClientRequestToken": "another"}, **rest)

    bench.aws.call = twice  # type: ignore[method-assign]  # a client that repeats itself

    async def story() -> None:
        await bench.keys.keep(CLAIM, FIRST, beside=[Put("t", {"pk": "q-1", "sk": "effect"})])

    in_virtual_time(story())
    assert bench.effects == ["q-1"]


def test_nothing_is_kept_where_the_effect_cannot_be_had(bench: Bench) -> None:
    async def story() -> None:
        await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        later = Claim(CLAIM.scope, "k-2", "f-1")
        with pytest.raises(TransactionCancelled) as cancelled:
            await bench.keys.keep(later, SECOND, beside=[effect("q-1")])
        assert [*cancelled.value.failed] == [1]
        assert await bench.keys.find(later) is None

    in_virtual_time(story())


def test_a_table_that_is_away_leaves_no_key_claimed(bench: Bench) -> None:
    async def story() -> None:
        bench.aws.fails["TransactWriteItems"] = Unavailable("aws dynamodb", "away")
        with pytest.raises(Unavailable):
            await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        bench.aws.fails.clear()
        await bench.keys.keep(CLAIM, SECOND, beside=[effect("q-1")])

    in_virtual_time(story())


def test_a_key_that_a_lease_holds_is_left_to_it_until_the_lease_ends(bench: Bench) -> None:
    async def never() -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async def story() -> None:
        request = asyncio.get_running_loop().create_task(bench.keys.once(CLAIM, never))
        await asyncio.sleep(1)
        with pytest.raises(InProgress):
            await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        assert await bench.keys.find(CLAIM) is None
        bench.clock.pass_by(LEASE_SECONDS + 1)
        await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        request.cancel()
        await asyncio.wait([request])

    in_virtual_time(story())
    assert bench.effects == ["q-1"]


def test_an_answer_is_forgotten_after_a_day(bench: Bench) -> None:
    async def story() -> None:
        await bench.keys.keep(CLAIM, FIRST, beside=[effect("q-1")])
        bench.clock.pass_by(LIFETIME_SECONDS - 1)
        assert await bench.keys.find(CLAIM) == FIRST
        bench.clock.pass_by(2)
        assert await bench.keys.find(CLAIM) is None
        await bench.keys.keep(OTHER_REQUEST, SECOND, beside=[effect("q-2")])

    in_virtual_time(story())
    assert bench.effects == ["q-1", "q-2"]
