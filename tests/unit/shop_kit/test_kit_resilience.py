"""Retry, circuit breaker, bulkhead and deadline."""

from __future__ import annotations

import asyncio
import random

import pytest
from shop_kit.errors import Conflict, Overloaded, Unavailable
from shop_kit.resilience import deadline
from shop_kit.resilience.breaker import BreakerState, CircuitBreaker
from shop_kit.resilience.bulkhead import Bulkhead
from shop_kit.resilience.retry import Retry, RetryBudget

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Dependency:
    """Fails the first `failures` calls."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    async def call(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise Unavailable("dependency", "down")
        return "answer"


def quick(**changes: object) -> Retry:
    return Retry(**{"attempts": 3, "first_seconds": 0.0, "cap_seconds": 0.0, **changes})  # type: ignore[arg-type]  # test shorthand


async def test_a_call_is_tried_again_until_it_works() -> None:
    dependency = Dependency(2)

    assert await quick().run(dependency.call) == "answer"


async def test_the_last_failure_is_told_when_attempts_are_used_up() -> None:
    dependency = Dependency(5)

    with pytest.raises(Unavailable):
        await quick().run(dependency.call)
    assert dependency.calls == 3


async def test_a_budget_bounds_what_retries_add_to_the_load() -> None:
    budget = RetryBudget(ratio=0.1, reserve=2.0)
    dependency = Dependency(1_000)

    for _ in range(50):
        with pytest.raises(Unavailable):
            await quick(budget=budget).run(dependency.call)

    assert 50 < dependency.calls <= 50 + 2 + 50 * 0.1


async def test_nobody_retries_beyond_the_deadline_at_hand() -> None:
    dependency = Dependency(1_000)
    slow = Retry(attempts=None, first_seconds=60, cap_seconds=60, jitter=random.Random(1).uniform)

    with pytest.raises(Unavailable):
        async with deadline.within(5):
            await slow.run(dependency.call)
    assert dependency.calls == 1


def test_delays_grow_to_the_cap_and_stay_below_it() -> None:
    delays = Retry(attempts=12, first_seconds=0.1, cap_seconds=1.0, jitter=random.Random(7).uniform).delays()

    found = list(delays)

    assert len(found) == 11
    assert all(0 <= wait <= min(1.0, 0.1 * 2**number) for number, wait in enumerate(found))


class Watch:
    """Monotonic time moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def state_of(breaker: CircuitBreaker) -> BreakerState:
    """Its state now: it changes with calls and with time."""
    return breaker.state


async def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            await breaker.call(Dependency(1).call)


async def test_a_breaker_opens_after_failures_and_then_calls_nobody() -> None:
    breaker = CircuitBreaker("psp", minimum_calls=5, monotonic=Watch())
    await fail(breaker, 5)
    untouched = Dependency(0)

    with pytest.raises(Unavailable, match="circuit breaker is open"):
        await breaker.call(untouched.call)
    assert (breaker.state, untouched.calls) == (BreakerState.OPEN, 0)


async def test_a_breaker_opens_at_its_share_of_failures_and_not_below() -> None:
    breaker = CircuitBreaker("psp", failure_ratio=0.5, minimum_calls=4, monotonic=Watch())
    for _ in range(3):
        await breaker.call(Dependency(0).call)

    await fail(breaker, 2)
    assert state_of(breaker) is BreakerState.CLOSED

    await fail(breaker, 1)
    assert state_of(breaker) is BreakerState.OPEN


async def test_a_breaker_recovers_by_itself_once_single_calls_work_again() -> None:
    watch = Watch()
    breaker = CircuitBreaker("psp", minimum_calls=5, open_seconds=2.0, recovery_calls=2, monotonic=watch)
    await fail(breaker, 5)

    watch.seconds = 2.0
    assert state_of(breaker) is BreakerState.HALF_OPEN
    await breaker.call(Dependency(0).call)
    await breaker.call(Dependency(0).call)

    assert state_of(breaker) is BreakerState.CLOSED


async def test_a_bad_single_call_opens_the_breaker_again() -> None:
    watch = Watch()
    breaker = CircuitBreaker("psp", minimum_calls=5, open_seconds=2.0, monotonic=watch)
    await fail(breaker, 5)
    watch.seconds = 2.0

    await fail(breaker, 1)

    assert state_of(breaker) is BreakerState.OPEN


async def test_half_open_lets_one_call_through_at_a_time() -> None:
    watch = Watch()
    breaker = CircuitBreaker("psp", minimum_calls=5, open_seconds=2.0, monotonic=watch)
    await fail(breaker, 5)
    watch.seconds = 2.0
    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "answer"

    probe = asyncio.create_task(breaker.call(slow))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await breaker.call(Dependency(0).call)
    gate.set()
    assert await probe == "answer"


async def test_an_answer_that_says_no_is_no_failure() -> None:
    breaker = CircuitBreaker("psp", minimum_calls=1, monotonic=Watch())

    async def refuse() -> str:
        raise ValueError("declined")

    for _ in range(10):
        with pytest.raises(ValueError, match="declined"):
            await breaker.call(refuse)
    assert state_of(breaker) is BreakerState.CLOSED


def test_a_full_bulkhead_refuses_at_once() -> None:
    bulkhead = Bulkhead("psp", limit=1)

    with bulkhead.enter(), pytest.raises(Overloaded), bulkhead.enter():
        pass
    with bulkhead.enter():
        pass


async def test_an_inner_deadline_never_outlasts_the_outer_one() -> None:
    async with deadline.within(10), deadline.within(3600):
        left = deadline.seconds_left()
    assert left is not None
    assert left <= 10
    assert deadline.seconds_left() is None


async def test_conflicts_leave_a_breaker_closed_and_overload_opens_it() -> None:
    breaker = CircuitBreaker("dependency", minimum_calls=2, window=2)

    async def fail(error: Exception) -> None:
        raise error

    for _ in range(5):
        with pytest.raises(Conflict):
            await breaker.call(lambda: fail(Conflict("a row", "taken")))
    after_conflicts = breaker.state
    for _ in range(2):
        with pytest.raises(Overloaded):
            await breaker.call(lambda: fail(Overloaded("dependency", "throttled")))

    assert (after_conflicts, breaker.state) == (BreakerState.CLOSED, BreakerState.OPEN)
