"""Work that a service does again and again for as long as it runs, such as looking for what ran out of time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from shop_kit.errors import Transient, Unavailable
from shop_kit.parts import running

_log = logging.getLogger(__name__)

FAILURES_BEFORE_UNREADY = 5
"""In a row: fewer pass by themselves, and a probe that flickers takes an instance out for nothing."""


class Repeated:
    """Work under way, again and again."""

    def __init__(self, work: Callable[[], Awaitable[object]], *, name: str, every_seconds: float) -> None:
        self.name = name
        self._work = work
        self._every_seconds = every_seconds
        self._failures = 0
        self._reason = ""

    async def check(self) -> None:
        """Return when the work gets done. Raises Unavailable after some failures in a row."""
        if self._failures >= FAILURES_BEFORE_UNREADY:
            raise Unavailable(self.name, f"it failed {self._failures} times in a row: {self._reason}")

    async def run(self) -> None:
        """Repeat until cancelled."""
        while True:
            try:
                await self._work()
            except Transient as error:
                self._failed(error)
                _log.warning("put off", extra={"work": self.name, "reason": str(error)})
            except Exception as error:  # noqa: BLE001 - the edge of a worker: one thing that cannot be read must not end the work on all others
                self._failed(error)
                _log.exception("failed", extra={"work": self.name})
            else:
                self._failures = 0
            await asyncio.sleep(self._every_seconds)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._reason = str(error) or type(error).__name__


@asynccontextmanager
async def repeating(work: Callable[[], Awaitable[object]], *, name: str, every_seconds: float) -> AsyncIterator[Repeated]:
    """Do `work` within the block: at once, and again `every_seconds` after each end.

    A failure is logged and ends nothing: what passes by itself as a warning, anything else with its traceback.
    """
    repeated = Repeated(work, name=name, every_seconds=every_seconds)
    async with running(**{name: repeated.run}):
        yield repeated
