"""A circuit breaker: stops calling what does not answer, and finds out by single calls when it answers again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from shop_kit.errors import Overloaded, Unavailable

T = TypeVar("T")


class BreakerState(StrEnum):
    """Closed lets calls through, open refuses them, half-open lets single ones find out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Opens when at least `failure_ratio` of the last `window` calls failed (of `minimum_calls` at least).

    After `open_seconds` single calls are let through; `recovery_calls` good ones in a row close it, a bad one opens it again.
    Unavailable, Overloaded and TimeoutError count as failures: a declined card or a conflict is an answer.
    """

    def __init__(
        self,
        dependency: str,
        *,
        failure_ratio: float = 0.5,
        window: int = 20,
        minimum_calls: int = 5,
        open_seconds: float = 2.0,
        recovery_calls: int = 2,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self.dependency = dependency
        self._failure_ratio = failure_ratio
        self._minimum_calls = minimum_calls
        self._open_seconds = open_seconds
        self._recovery_calls = recovery_calls
        self._monotonic = monotonic or _loop_time
        self._outcomes: deque[bool] = deque(maxlen=window)
        self._opened_at: float | None = None
        self._probing = False
        self._recovered = 0

    @property
    def state(self) -> BreakerState:
        """Which way calls go now."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        waited = self._monotonic() - self._opened_at
        return BreakerState.HALF_OPEN if waited >= self._open_seconds else BreakerState.OPEN

    async def call(self, operation: Callable[[], Awaitable[T]], *, is_failure: Callable[[T], bool] = lambda _: False) -> T:
        """Return what `operation` returns; `is_failure` tells a result that counts as a failure all the same.

        Raises Unavailable without calling it while the breaker is open.
        """
        is_probe = self._admit()
        try:
            result = await operation()
        except (Unavailable, Overloaded, TimeoutError):
            self.note_failure()
            raise
        else:
            if is_failure(result):
                self.note_failure()
            else:
                self._succeeded()
            return result
        finally:
            if is_probe:
                self._probing = False

    def _admit(self) -> bool:
        state = self.state
        if state is BreakerState.CLOSED:
            return False
        if state is BreakerState.OPEN or self._probing:
            raise Unavailable(self.dependency, "its circuit breaker is open after repeated failures")
        self._probing = True
        return True

    def note_failure(self) -> None:
        """Count a failure that a call did not live to tell of: it was cut off."""
        self._recovered = 0
        if self._opened_at is not None:
            self._opened_at = self._monotonic()
            return
        self._outcomes.append(False)
        failures = self._outcomes.count(False)
        if len(self._outcomes) >= self._minimum_calls and failures >= self._failure_ratio * len(self._outcomes):
            self._opened_at = self._monotonic()

    def _succeeded(self) -> None:
        if self._opened_at is None:
            self._outcomes.append(True)
            return
        self._recovered += 1
        if self._recovered >= self._recovery_calls:
            self._opened_at = None
            self._recovered = 0
            self._outcomes.clear()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
