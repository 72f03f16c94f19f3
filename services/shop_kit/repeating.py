"""Work that a service does again and again for as long as it runs, such as looking for what ran out of time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from shop_kit.errors import Transient

_log = logging.getLogger(__name__)


@asynccontextmanager
async def repeating(work: Callable[[], Awaitable[object]], *, name: str, every_seconds: float) -> AsyncIterator[None]:
    """Do `work` within the block: at once, and again `every_seconds` after each end.

    A failure is logged and ends nothing: what passes by itself as a warning, anything else with its traceback.
    """
    task = asyncio.create_task(_repeat(work, name, every_seconds), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(work: Callable[[], Awaitable[object]], name: str, every_seconds: float) -> None:
    while True:
        try:
            await work()
        except Transient as error:
            _log.warning("put off", extra={"work": name, "reason": str(error)})
        except Exception:  # noqa: BLE001 - the edge of a worker: one thing that cannot be read must not end the work on all others
            _log.exception("failed", extra={"work": name})
        await asyncio.sleep(every_seconds)
