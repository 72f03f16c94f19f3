"""Waking those who wait for something to change."""

from __future__ import annotations

import asyncio
import contextlib


class Changes:
    """Wakes whoever waits for some resource to enter another state. Belongs to one event loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Something changed."""
        waiting, self._waiting = self._waiting, set()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def next(self, *, within_seconds: float | None = None) -> None:
        """Return after the next change, or when so much time has passed."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiter, within_seconds)
        finally:
            self._waiting.discard(waiter)
