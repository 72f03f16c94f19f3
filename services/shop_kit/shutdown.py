"""One budget for stopping: what drains first may not use up the time of what drains last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Shutdown:
    """Knows when the process was told to stop, and how much of `grace_seconds` is left."""

    def __init__(self, grace_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._ends_at: float | None = None
        self._calls: list[Callable[[], object]] = []
        self.begun = asyncio.Event()
        """Set when the process is told to stop, before anything is waited for: long polls end on it."""

    def begin(self) -> None:
        """Start the clock; a second time changes nothing."""
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + self._grace_seconds
            self.begun.set()
            for call in self._calls:
                call()

    def at_begin(self, call: Callable[[], object]) -> None:
        """Call `call` when the process is told to stop."""
        self._calls.append(call)

    def seconds_left(self) -> float:
        """Return what is left, not below 0. A stop that nobody ordered (a part has failed) begins here."""
        self.begin()
        return max(0.0, (self._ends_at or 0.0) - asyncio.get_running_loop().time())

    def share(self, of_what_is_left: float) -> Callable[[], float]:
        """Return a question for a part to ask at its end: how many seconds it may take, as a share of what is left then."""
        return lambda: self.seconds_left() * of_what_is_left
