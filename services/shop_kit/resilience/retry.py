"""Tries again with exponential back-off and full jitter, within a budget.

https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from shop_kit.errors import Transient
from shop_kit.resilience import deadline

T = TypeVar("T")


class RetryBudget:
    """How many retries may be added to the calls that are made anyway: `ratio` of them, and `reserve` to begin with.

    Without it, callers multiply the load of a dependency exactly when it is in trouble.
    """

    def __init__(self, *, ratio: float = 0.2, reserve: float = 10.0) -> None:
        self._ratio = ratio
        self._most = reserve
        self._left = reserve

    def call_made(self) -> None:
        """Put a first try's share into the budget."""
        self._left = min(self._most, self._left + self._ratio)

    def take(self) -> bool:
        """Take one retry out of the budget; False when it is used up."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


@dataclass(frozen=True)
class Retry:
    """A policy. `attempts` counts the first try; None tries for ever. Only Transient is tried again."""

    attempts: int | None = 3
    first_seconds: float = 0.05
    cap_seconds: float = 2.0
    budget: RetryBudget | None = None
    retried: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)
    """Called before each retry."""
    jitter: Callable[[float, float], float] | None = field(default=None, compare=False, repr=False)
    """Draws evenly between two numbers. None: from a source of chance that is made when something fails, which is rare."""

    @classmethod
    def patient(cls) -> Retry:
        """For what must be there before a service can work at all: for ever, every half second at most."""
        return cls(attempts=None, first_seconds=0.05, cap_seconds=0.5)

    def delays(self) -> Iterator[float]:
        """Yield seconds to wait before each retry: each drawn evenly between nothing and a limit that doubles up to the cap."""
        draw = self.jitter or random.Random().uniform  # noqa: S311  # nosec B311 # a wait is no secret
        tried = 1
        while self.attempts is None or tried < self.attempts:
            yield draw(0, min(self.cap_seconds, self.first_seconds * 2 ** min(tried - 1, 30)))
            tried += 1

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """What `call` returns, tried again while it raises Transient and policy, budget and the deadline at hand allow it."""
        if self.budget:
            self.budget.call_made()
        delays = self.delays()
        while True:
            try:
                return await call()
            except Transient:
                wait = next(delays, None)
                if wait is None or (self.budget and not self.budget.take()):
                    raise
                left = deadline.seconds_left()
                if left is not None and left <= wait:
                    raise
                await asyncio.sleep(wait)
                self.retried()
