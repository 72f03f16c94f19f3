"""The moment by which the work at hand must be done, passed on with every call so that nobody works for a caller that has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

HEADER = "x-deadline-ms"
"""Milliseconds that the caller still waits: a duration, since clocks of two machines differ."""

_deadline: ContextVar[float | None] = ContextVar("shop_deadline", default=None)


def seconds_left() -> float | None:
    """Time until the deadline of the work at hand, not below 0; None without one."""
    at = _deadline.get()
    return None if at is None else max(0.0, at - asyncio.get_running_loop().time())


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Run the block under a deadline, the nearer of this one and the one at hand. Raises TimeoutError when it passes."""
    now = asyncio.get_running_loop().time()
    at = now + seconds
    outer = _deadline.get()
    if outer is not None:
        at = min(at, outer)
    token = _deadline.set(at)
    try:
        async with asyncio.timeout(max(0.0, at - now)):
            yield
    finally:
        _deadline.reset(token)


@contextmanager
def lifted() -> Iterator[None]:
    """Run the block under no deadline but its own: it is done for more than who asked for it."""
    token = _deadline.set(None)
    try:
        yield
    finally:
        _deadline.reset(token)
