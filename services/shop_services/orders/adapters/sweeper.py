"""Resumes checkouts that went silent, for as long as the service runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shop_kit.errors import Unavailable

from shop_services.orders.adapters.desk import PostgresDesk
from shop_services.orders.application.waiting import EndedOrders

_log = logging.getLogger(__name__)

ORDERS_AT_ONCE = 50
SWEEPS_BETWEEN_CLEANINGS = 600


@asynccontextmanager
async def sweeping(desk: PostgresDesk, ended: EndedOrders, *, every_seconds: float) -> AsyncIterator[None]:
    """Look for silent orders every `every_seconds` within the block."""
    task = asyncio.create_task(_sweep_for_ever(desk, ended, every_seconds), name="sweeper")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep_for_ever(desk: PostgresDesk, ended: EndedOrders, every_seconds: float) -> None:
    sweeps = 0
    while True:
        try:
            await sweep(desk, ended)
            if sweeps % SWEEPS_BETWEEN_CLEANINGS == 0:
                await desk.forget_old()
        except Unavailable as trouble:
            _log.warning("the sweep is put off", extra={"reason": str(trouble)})
        except Exception:  # noqa: BLE001 - the edge of a worker: one order that cannot be read must not end all sweeping
            _log.exception("the sweep failed")
        sweeps += 1
        await asyncio.sleep(every_seconds)


async def sweep(desk: PostgresDesk, ended: EndedOrders) -> int:
    """Look at every order that is due once, in transactions of bounded size. Returns how many there were."""
    looked_at = 0
    while True:
        resumed = await desk.resume_silent(limit=ORDERS_AT_ONCE)
        for order in resumed:
            _log.warning("a silent checkout was resumed", extra={"order_id": order.id, "stage": order.stage.value})
            ended.announce(order)
        looked_at += len(resumed)
        if len(resumed) < ORDERS_AT_ONCE:
            return looked_at
