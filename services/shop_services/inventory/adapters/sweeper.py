"""Returns the stock of reservations that ran out, for as long as the service runs."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager
from functools import partial

from shop_kit import context
from shop_kit.repeating import repeating

from shop_services.inventory.application.ports import Clock, Warehouse
from shop_services.inventory.application.reserving import return_what_ran_out

_log = logging.getLogger(__name__)

RESERVATIONS_AT_ONCE = 50


def sweeping(warehouse: Warehouse, clock: Clock, *, every_seconds: float) -> AbstractAsyncContextManager[None]:
    """Look for reservations that ran out every `every_seconds` within the block."""
    return repeating(partial(_sweep, warehouse, clock), name="sweeper", every_seconds=every_seconds)


async def _sweep(warehouse: Warehouse, clock: Clock) -> None:
    with context.bind(correlation_id=f"sweep-{context.new_id()}"):
        returned = await return_what_ran_out(warehouse=warehouse, clock=clock, limit=RESERVATIONS_AT_ONCE)
    if returned:
        _log.info("reservations ran out and their stock was returned", extra={"count": returned})
