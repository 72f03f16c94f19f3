"""Waiting for an order to end, without asking the store all the time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from shop_services.orders.domain.order import Order

# An order may be moved on by another process of this service, which wakes nobody here: so look from time to time as well.
LOOK_ANYWAY_AFTER_SECONDS = 1.0


class EndedOrders:
    """Tells those who wait for an order that it has ended in this process."""

    def __init__(self) -> None:
        self._is_released = False
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def announce(self, order: Order) -> None:
        """Wake whoever waits for this order, if it is final. Call it after the commit."""
        if order.stage.is_final:
            for waiter in self._waiting.get(order.id, ()):
                waiter.set()

    def release_all(self) -> None:
        """Wake everybody, ended or not, and let nobody wait any more: the service is about to stop."""
        self._is_released = True
        for waiters in self._waiting.values():
            for waiter in waiters:
                waiter.set()

    def is_waited_for(self, order_id: str) -> bool:
        """Return whether anybody waits for this order here."""
        return order_id in self._waiting

    async def wait(self, order_id: str, *, look: Callable[[], Awaitable[Order | None]], seconds: float) -> Order | None:
        """Return what `look` gives once it is final, or as it is after `seconds`, or None when it gives None."""
        woken = asyncio.Event()
        self._waiting[order_id].add(woken)
        try:
            deadline = asyncio.get_running_loop().time() + seconds
            while True:
                is_last_look = (
                    self._is_released or woken.is_set()
                )  # asked first: who is woken during the look may have looked too early
                order = await look()
                left = deadline - asyncio.get_running_loop().time()
                if order is None or order.stage.is_final or left <= 0 or is_last_look:
                    return order
                await _wait_until_woken(woken, min(left, LOOK_ANYWAY_AFTER_SECONDS))
        finally:
            self._forget(order_id, woken)

    def _forget(self, order_id: str, woken: asyncio.Event) -> None:
        self._waiting[order_id].discard(woken)
        if not self._waiting[order_id]:
            del self._waiting[order_id]


async def _wait_until_woken(woken: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(woken.wait(), seconds)
    except TimeoutError:
        return
