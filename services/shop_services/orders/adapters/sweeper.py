"""Resumes checkouts that went silent, for as long as the service runs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from itertools import count

from shop_services.orders.adapters.order_repository import PostgresOrders
from shop_services.orders.application.checkout import OrderNotFound
from shop_services.orders.application.ports import ConcurrentChange, OrderUnreadable
from shop_services.orders.application.waiting import EndedOrders

_log = logging.getLogger(__name__)

ORDERS_IN_A_PAGE = 50
SWEEPS_BETWEEN_CLEANINGS = 600


def sweep_and_clean(orders: PostgresOrders, ended: EndedOrders) -> Callable[[], Awaitable[None]]:
    """Return work to repeat: look for silent orders, and now and then remove what nobody asks for any more."""
    sweeps = count()

    async def work() -> None:
        await sweep(orders, ended)
        if next(sweeps) % SWEEPS_BETWEEN_CLEANINGS == 0:
            await orders.forget_old()

    return work


async def sweep(orders: PostgresOrders, ended: EndedOrders) -> int:
    """Look at every order that is due once, each by itself. Returns how many were resumed here."""
    resumed = 0
    page = await orders.find_silent(limit=ORDERS_IN_A_PAGE)
    while page:
        for silent in page:
            resumed += await _resume(silent.order_id, orders, ended)
        page = await orders.find_silent(limit=ORDERS_IN_A_PAGE, behind=page[-1]) if len(page) == ORDERS_IN_A_PAGE else ()
    return resumed


async def _resume(order_id: str, orders: PostgresOrders, ended: EndedOrders) -> bool:
    try:
        order = await orders.resume(order_id)
    except (ConcurrentChange, OrderNotFound):
        return False  # an answer came, or another sweeper was faster
    except OrderUnreadable as unreadable:
        _log.error("a checkout cannot be resumed", extra={"order_id": order_id, "reason": str(unreadable)})
        await orders.put_off(order_id)
        return False
    _log.warning("a silent checkout was resumed", extra={"order_id": order_id, "stage": order.stage.value})
    ended.announce(order)
    return True
