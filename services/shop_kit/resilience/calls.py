"""Calls to another service as the manifest declares them: bounded in time and number, tried again within a budget, and given up
early where nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import TypeVar

from shop_kit.errors import Overloaded, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline
from shop_kit.resilience.breaker import BreakerState, CircuitBreaker
from shop_kit.resilience.bulkhead import Bulkhead
from shop_kit.resilience.declared import CallPolicy
from shop_kit.resilience.retry import Retry, RetryBudget

T = TypeVar("T")

FIRST_RETRY_SECONDS = 0.05
LONGEST_RETRY_SECONDS = 0.5
FAIR_SHARE = 0.25
"""Of the declared time: who was cut off before that has given the service no chance, and says nothing of it."""
A_MOMENT = 0.001
"""A loop's timers may ring so much early."""
_ONCE = Retry(attempts=1)


class CallKind(StrEnum):
    """What a call does. Each kind has places of its own: who waits on purpose must not keep others from writing."""

    READ = "read"
    WRITE = "write"
    WAIT = "wait"


class CallMetrics:
    """What is counted of calls to a service: `shop_calls_total` with the outcome of each try, `shop_calls_retried_total`,
    `shop_calls_refused_total` for those that found no place, and `shop_breaker_open`, how many of its breakers `opened` says are.
    """

    def __init__(self, service: str, metrics: Metrics, *, opened: Callable[[], int]) -> None:
        calls = metrics.counter("shop_calls_total", "Calls to other services, retries included.", "service", "outcome")
        refused = metrics.counter("shop_calls_refused_total", "Calls that were not made: no place was free.", "service", "kind")
        retried = metrics.counter("shop_calls_retried_total", "Calls that were made again.", "service")
        self.ended: Callable[[str], None] = partial(calls.add, service)
        """Count a try by its outcome."""
        self.refused: Callable[[str], None] = partial(refused.add, service)
        """Count a call that was not made by its kind."""
        self.retried: Callable[[], None] = partial(retried.add, service)
        metrics.gauge(
            "shop_breaker_open",
            "Breakers of a service that let no calls through, or single ones to find out.",
            lambda: float(opened()),
            service=service,
        )


class GuardedCalls:
    """All calls to one service, over whatever protocol: they share its breaker, its places and its budget of retries."""

    def __init__(self, policy: CallPolicy, metrics: Metrics) -> None:
        name = policy.service
        self.policy = policy
        self._breaker = breaker_of(policy)
        self._metrics = CallMetrics(name, metrics, opened=lambda: self._breaker.state is not BreakerState.CLOSED)
        places = {
            CallKind.READ: policy.reads_at_once,
            CallKind.WRITE: policy.writes_at_once,
            CallKind.WAIT: policy.waits_at_once,
        }
        self._places = {kind: Bulkhead(name, most, partial(self._metrics.refused, kind.value)) for kind, most in places.items()}
        self.connections = sum(places.values())
        """How many calls may be under way at once."""
        self._retry = Retry(
            attempts=policy.attempts,
            first_seconds=FIRST_RETRY_SECONDS,
            cap_seconds=LONGEST_RETRY_SECONDS,
            budget=RetryBudget(ratio=policy.retry_percent / 100),
            retried=self._metrics.retried,
        )

    @property
    def name(self) -> str:
        """Return which service is called."""
        return self.policy.service

    def count(self, outcome: str) -> None:
        """Count how a try ended, in the words of its protocol."""
        self._metrics.ended(outcome)

    async def call(self, once: Callable[[], Awaitable[T]], *, kind: CallKind, may_repeat: bool, seconds: float | None = None) -> T:
        """Return what `once` returns, tried again while it raises Transient where it `may_repeat`. It returns an error for which
        trying again is no use; the breaker counts that as well, and whoever is cut off by a deadline.

        All tries together take `seconds` or what the policy allows, whichever is less; who waits on purpose takes `seconds`.
        Raises Unavailable when that is over, Overloaded when no place is free, and whatever `once` raises.
        """
        declared = self.policy.timeout_seconds
        most = declared if seconds is None else seconds if kind is CallKind.WAIT else min(seconds, declared)
        with self._places[kind].enter():
            try:
                async with deadline.within(most):
                    return await (self._retry if may_repeat else _ONCE).run(lambda: self._try(once))
            except TimeoutError as late:
                raise Unavailable(self.name, f"no answer within {most:g} s") from late

    async def _try(self, once: Callable[[], Awaitable[T]]) -> T:
        return await self._breaker.call(lambda: self._until_cut_off(once), is_failure=_says_that_it_cannot)

    async def _until_cut_off(self, once: Callable[[], Awaitable[T]]) -> T:
        began = asyncio.get_running_loop().time()
        try:
            return await once()
        except asyncio.CancelledError:
            waited, left = asyncio.get_running_loop().time() - began, deadline.seconds_left()
            if left is not None and left < A_MOMENT and waited >= FAIR_SHARE * self.policy.timeout_seconds:
                self._breaker.note_failure()
            raise


def _says_that_it_cannot(answer: object) -> bool:
    return isinstance(answer, (Unavailable, Overloaded))


def breaker_of(policy: CallPolicy, name: str | None = None) -> CircuitBreaker:
    """Return a breaker as the policy declares it, for the service or for a part of it that has another name."""
    return CircuitBreaker(name or policy.service, failure_ratio=policy.failure_percent / 100, open_seconds=policy.open_seconds)
