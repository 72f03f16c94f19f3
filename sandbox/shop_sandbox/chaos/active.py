"""The faults of this moment."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TypeVar

from shop_sandbox.chaos.fault import Fault, Latency, ProxyFault
from shop_sandbox.chaos.link import Link

F = TypeVar("F", bound=Fault)


class Active:
    """Faults that have begun; each ends by itself. `struck` counts what they did, by link and kind: one that met nobody shows."""

    def __init__(self, dice: random.Random, *, now: Callable[[], float] = time.monotonic) -> None:
        self.dice = dice
        self.struck: Counter[tuple[str, str]] = Counter()
        self.on_begin: list[Callable[[ProxyFault], None]] = []
        self._now = now
        self._until: dict[int, tuple[float, ProxyFault]] = {}
        self._number = 0

    def begin(self, fault: ProxyFault) -> None:
        """Let a fault last its seconds from now on."""
        self._number += 1
        self._until[self._number] = (self._now() + fault.seconds, fault)
        for told in self.on_begin:
            told(fault)

    def end_all(self) -> None:
        """Be calm from now on."""
        self._until.clear()

    def now(self) -> list[ProxyFault]:
        """Return what has begun and not ended, in the order of its beginning."""
        now = self._now()
        self._until = {number: one for number, one in self._until.items() if one[0] > now}
        return [fault for _, fault in self._until.values()]

    def on(self, link: Link, kind: type[F]) -> list[F]:
        """Return the faults of one kind that a link has now."""
        return [fault for fault in self.now() if isinstance(fault, kind) and link.is_meant_by(fault)] if self._until else []

    def strikes(self, link: Link, fault: ProxyFault, *, share: float = 1.0) -> bool:
        """Throw the dice for a call; counts where it hits."""
        hit = share >= 1.0 or self.dice.random() < share
        if hit:
            self.struck[link.name, _kind(fault)] += 1
        return hit

    def delay(self, link: Link, operation: str | None = None) -> float:
        """Return how many seconds later an answer is to come."""
        seconds = 0.0
        for fault in self.on(link, Latency):
            if (operation is None or matches(operation, fault.operations)) and self.strikes(link, fault):
                seconds += (fault.milliseconds + self.dice.uniform(0.0, fault.jitter)) / 1e3
        return seconds


def matches(operation: str, patterns: tuple[str, ...]) -> bool:
    """True where one of the patterns means this operation."""
    return any(fnmatchcase(operation, pattern) for pattern in patterns)


def _kind(fault: ProxyFault) -> str:
    return type(fault).__name__.lower()
