"""Calls to another service, as its manifest declares them and the metrics show them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from fakes.declared_calls import calls_to
from shop_kit.errors import Overloaded, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline
from shop_kit.resilience.calls import CallKind

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Dependency:
    """Fails so often, then answers, or never does."""

    def __init__(self, *, fails: int = 0, hangs: bool = False) -> None:
        self.fails, self.hangs, self.asked = fails, hangs, 0
        self.seconds_left: float | None = None

    async def __call__(self) -> str:
        self.asked += 1
        self.seconds_left = deadline.seconds_left()
        if self.hangs:
            await asyncio.Event().wait()
        if self.asked <= self.fails:
            raise Unavailable("pricing", "connection refused")
        return "answer"


async def test_what_may_be_repeated_is_tried_as_often_as_declared_and_the_metrics_say_how_often() -> None:
    metrics, flaky = Metrics(), Dependency(fails=2)
    calls = calls_to("pricing", metrics, attempts=3)

    assert await calls.call(flaky, kind=CallKind.READ, may_repeat=True) == "answer"

    assert flaky.asked == 3
    assert 'shop_calls_retried_total{service="pricing"} 2.0' in metrics.render()


@pytest.mark.parametrize(("attempts", "may_repeat"), [(3, False), (1, True)])
async def test_what_may_not_be_repeated_is_asked_once(attempts: int, may_repeat: bool) -> None:
    flaky = Dependency(fails=2)

    with pytest.raises(Unavailable):
        await calls_to("pricing", attempts=attempts).call(flaky, kind=CallKind.WRITE, may_repeat=may_repeat)

    assert flaky.asked == 1


async def test_retries_end_with_their_budget() -> None:
    down = Dependency(fails=1000)
    calls = calls_to("pricing", attempts=10, retry_percent=0, failure_percent=100, timeout_seconds=60)

    with pytest.raises(Unavailable):
        await calls.call(down, kind=CallKind.READ, may_repeat=True)
    with pytest.raises(Unavailable):
        await calls.call(down, kind=CallKind.READ, may_repeat=True)

    assert down.asked < 20


async def test_an_answer_that_does_not_come_is_given_up_when_the_policy_says() -> None:
    silent = Dependency(hangs=True)

    with pytest.raises(Unavailable, match=r"no answer within 0\.01 s"):
        await calls_to("pricing", timeout_seconds=0.01).call(silent, kind=CallKind.READ, may_repeat=True, seconds=30)


async def test_who_waits_on_purpose_waits_as_long_as_they_say() -> None:
    waited = Dependency()

    await calls_to("orders", timeout_seconds=1).call(waited, kind=CallKind.WAIT, may_repeat=True, seconds=30)

    assert waited.seconds_left is not None
    assert waited.seconds_left > 1


async def test_a_dependency_that_fails_is_spared_and_the_metrics_show_it() -> None:
    metrics, down = Metrics(), Dependency(fails=1000)
    calls = calls_to("pricing", metrics, attempts=1, failure_percent=50, open_seconds=60)
    for _ in range(20):
        with pytest.raises(Unavailable):
            await calls.call(down, kind=CallKind.READ, may_repeat=True)

    assert down.asked < 20
    assert 'shop_breaker_open{service="pricing"} 1.0' in metrics.render()


async def test_each_kind_of_call_has_its_own_places_and_the_metrics_count_who_found_none() -> None:
    metrics, silent = Metrics(), Dependency(hangs=True)
    calls = calls_to("pricing", metrics, reads_at_once=1, writes_at_once=1)
    reading = asyncio.create_task(calls.call(silent, kind=CallKind.READ, may_repeat=True))
    await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        await calls.call(Dependency(), kind=CallKind.READ, may_repeat=True)
    assert await calls.call(Dependency(), kind=CallKind.WRITE, may_repeat=False) == "answer"

    assert 'shop_calls_refused_total{kind="read",service="pricing"} 1.0' in metrics.render()
    reading.cancel()


async def test_a_dependency_that_hangs_is_spared_like_one_that_fails() -> None:
    metrics, silent = Metrics(), Dependency(hangs=True)
    calls = calls_to("pricing", metrics, attempts=1, failure_percent=50, open_seconds=60, timeout_seconds=0.01)
    for _ in range(20):
        with pytest.raises(Unavailable):
            await calls.call(silent, kind=CallKind.READ, may_repeat=True)

    assert silent.asked < 20
    assert 'shop_breaker_open{service="pricing"} 1.0' in metrics.render()


async def test_it_counts_as_well_when_it_is_the_callers_own_deadline_that_passes() -> None:
    silent = Dependency(hangs=True)
    calls = calls_to("pricing", attempts=1, open_seconds=60, timeout_seconds=0.04)
    for _ in range(20):
        with pytest.raises((Unavailable, TimeoutError)):
            async with deadline.within(0.02):
                await calls.call(silent, kind=CallKind.READ, may_repeat=True)

    assert silent.asked < 20


async def test_who_had_hardly_time_to_ask_says_nothing_of_the_dependency() -> None:
    silent = Dependency(hangs=True)
    calls = calls_to("pricing", attempts=1, open_seconds=60, timeout_seconds=60)
    for _ in range(20):
        with pytest.raises(Unavailable):
            await calls.call(silent, kind=CallKind.READ, may_repeat=True, seconds=0.001)

    assert silent.asked == 20


async def test_who_leaves_says_nothing_of_the_dependency() -> None:
    silent = Dependency(hangs=True)
    calls = calls_to("pricing", attempts=1, open_seconds=60)
    for _ in range(20):
        asking = asyncio.create_task(calls.call(silent, kind=CallKind.READ, may_repeat=True))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])

    assert silent.asked == 20


@pytest.mark.parametrize("error", [Unavailable("pricing", "too late"), Overloaded("pricing", "too many")])
async def test_an_error_that_is_not_worth_another_try_counts_all_the_same(error: Exception) -> None:
    asked = 0

    async def once() -> Exception:
        nonlocal asked
        asked += 1
        return error

    calls = calls_to("pricing", attempts=3, open_seconds=60)
    for _ in range(20):
        with suppress(Unavailable):
            await calls.call(once, kind=CallKind.READ, may_repeat=True)

    assert asked < 20
