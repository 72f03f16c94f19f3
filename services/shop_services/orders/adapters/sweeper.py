"""Resumes checkouts that went silent, for as long as the service runs."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager
from itertools import count

from shop_kit.repeating import repeating

from shop_services.orders.adapters.desk import PostgresDesk
from shop_services.orders.application.waiting import EndedOrders

_log = logging.getLogger(__name__)

ORDERS_AT_ONCE = 50
SWEEPS_BETWEEN_CLEANINGS = 600


def sweeping(desk: PostgresDesk, ended: EndedOrders, *, every_seconds: float) -> AbstractAsyncContextManager[None]:
    """Look for silent orders every `every_seconds` within the block, and now and then remove what nobody asks for any more."""
    sweeps = count()

    async def sweep_and_clean() -> None:
        await sweep(desk, ended)
        if next(sweeps) % SWEEPS_BETWEEN_CLEANINGS == 0:
            await desk.forget_old()

    return repeating(sweep_and_clean, name="sweeper", every_seconds=every_seconds)


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
