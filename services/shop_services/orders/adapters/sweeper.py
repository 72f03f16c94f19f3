"""Resumes checkouts that went silent, and removes what nobody asks for any more, for as long as the service runs."""

from __future__ import annotations

import logging

from shop_kit.clock import Clock
from shop_kit.sweeping import Sweeper

from shop_services.orders.adapters.order_repository import PostgresOrders
from shop_services.orders.application.waiting import EndedOrders

_log = logging.getLogger(__name__)

CLEAN_EVERY_SECONDS = 600.0


def resuming(orders: PostgresOrders, ended: EndedOrders, clock: Clock) -> Sweeper[str]:
    """Return what looks at silent checkouts, each by itself."""

    async def resume(order_id: str) -> None:
        order = await orders.resume(order_id)
        if order is None:
            return  # an answer came, or another sweeper was faster
        _log.warning("a silent checkout was resumed", extra={"order_id": order_id, "stage": order.stage.value})
        ended.announce(order)

    return Sweeper("silent checkouts", due=orders.silent, take_up=resume, clock=clock)
