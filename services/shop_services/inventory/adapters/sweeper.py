"""Returns the stock of reservations that ran out, for as long as the service runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shop_kit import context
from shop_kit.errors import Unavailable

from shop_services.inventory.application.ports import Clock, Warehouse
from shop_services.inventory.application.reserving import return_what_ran_out

_log = logging.getLogger(__name__)

RESERVATIONS_AT_ONCE = 50


@asynccontextmanager
async def sweeping(warehouse: Warehouse, clock: Clock, *, every_seconds: float) -> AsyncIterator[None]:
    """Look for reservations that ran out every `every_seconds` within the block."""
    task = asyncio.create_task(_sweep_for_ever(warehouse, clock, every_seconds), name="sweeper")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep_for_ever(warehouse: Warehouse, clock: Clock, every_seconds: float) -> None:
    while True:
        try:
            with context.bind(correlation_id=f"sweep-{context.new_id()}"):
                returned = await return_what_ran_out(warehouse=warehouse, clock=clock, limit=RESERVATIONS_AT_ONCE)
            if returned:
                _log.info("reservations ran out and their stock was returned", extra={"count": returned})
        except Unavailable as error:
            _log.warning("the sweep is put off", extra={"reason": str(error)})
        except Exception:  # noqa: BLE001 - the edge of a worker: one reservation that cannot be read must not end all sweeping
            _log.exception("the sweep failed")
        await asyncio.sleep(every_seconds)
