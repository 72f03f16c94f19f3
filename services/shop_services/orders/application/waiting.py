"""Waiting for an order to end, without asking the store all the time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from shop_services.orders.domain.order import Order

# An order may be moved on by another process of this service, which tells nobody here: so look from time to time as well.
LOOK_ANYWAY_AFTER_SECONDS = 1.0
MOST_WAITERS = 2_000
"""Who comes on top is answered at once with the order as it is."""


class EndedOrders:
    """Hands orders that ended in this process to those who wait for them."""

    def __init__(self, *, most_waiters: int = MOST_WAITERS) -> None:
        self._most_waiters = most_waiters
        self._is_released = False
        self._count = 0
        self._waiting: defaultdict[str, set[asyncio.Future[Order | None]]] = defaultdict(set)

    def announce(self, order: Order) -> None:
        """Hand this order to whoever waits for it, if it is final. Call it after the commit."""
        if order.stage.is_final:
            for waiter in self._waiting.get(order.id, ()):
                _settle(waiter, order)

    def release_all(self) -> None:
        """Let nobody wait any more: the service is about to stop. Each looks once more and takes what is there."""
        self._is_released = True
        for waiters in self._waiting.values():
            for waiter in waiters:
                _settle(waiter, None)

    def is_waited_for(self, order_id: str) -> bool:
        """Return whether anybody waits for this order here."""
        return order_id in self._waiting

    async def wait(self, order_id: str, *, look: Callable[[], Awaitable[Order | None]], seconds: float) -> Order | None:
        """Return the order once it is final, or as `look` gives it after `seconds`; None when `look` gives None.

        `look` decides who may see the order: it comes first, and only whom it gives the order is handed the ended one.
        """
        if seconds <= 0 or self._count >= self._most_waiters:
            return await look()
        ended: asyncio.Future[Order | None] = asyncio.get_running_loop().create_future()
        self._waiting[order_id].add(ended)
        self._count += 1
        try:
            return await self._wait(ended, look, asyncio.get_running_loop().time() + seconds)
        finally:
            self._count -= 1
            self._forget(order_id, ended)

    async def _wait(
        self, ended: asyncio.Future[Order | None], look: Callable[[], Awaitable[Order | None]], deadline: float
    ) -> Order | None:
        loop = asyncio.get_running_loop()
        while True:
            is_last_look = self._is_released  # asked first: who is released during the look may have looked too early
            order = await look()
            left = deadline - loop.time()
            if order is None or order.stage.is_final or left <= 0 or is_last_look:
                return order
            await asyncio.wait({ended}, timeout=min(left, LOOK_ANYWAY_AFTER_SECONDS))
            if ended.done() and (handed := ended.result()) is not None:
                return handed

    def _forget(self, order_id: str, waiter: asyncio.Future[Order | None]) -> None:
        self._waiting[order_id].discard(waiter)
        if not self._waiting[order_id]:
            del self._waiting[order_id]


def _settle(waiter: asyncio.Future[Order | None], order: Order | None) -> None:
    if not waiter.done():
        waiter.set_result(order)
