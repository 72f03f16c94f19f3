"""An event loop whose time jumps to the next timer when nothing else is to do: hours pass in no time, and always the same way."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that never sleeps. Nothing in it may wait for other threads or sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        timers: list[Any] = self._scheduled  # type: ignore[attr-defined]  # the loop's own heap of timers
        while timers and timers[0]._cancelled:
            self._timer_cancelled_count -= 1  # type: ignore[attr-defined]  # how the loop knows when to clear its heap
            heapq.heappop(timers)._scheduled = False
        if not self._ready and timers:  # type: ignore[attr-defined]  # callbacks that are due
            self._now = max(self._now, timers[0]._when)
        super()._run_once()  # type: ignore[misc]  # what a loop does once


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, run in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


class LoopClock:
    """A Clock that goes with the loop."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return 1_800_000_000.0 + asyncio.get_running_loop().time()
