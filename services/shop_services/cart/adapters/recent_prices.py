"""Prices that were asked for a moment ago: whoever fills a cart looks at it several times in a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shop_kit.aggregates import Memory
from shop_kit.shared_kernel import Sku

from shop_services.cart.application.ports import Price, Prices

RECENT_SECONDS = 2.0
"""How old a price that is shown may be. Nothing is ever paid by it: that is the quote's."""


@dataclass(frozen=True, slots=True)
class _Known:
    price: Price
    until: float


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class RecentPrices:
    """Implements Prices over another one, which is asked only for what it was not asked in the last RECENT_SECONDS."""

    def __init__(self, prices: Prices, *, monotonic: Callable[[], float] = _loop_time) -> None:
        self._prices = prices
        self._monotonic = monotonic
        self._known: Memory[_Known] = Memory()

    async def now(self, skus: Sequence[Sku], *, currency: str, country: str | None) -> Mapping[str, Price]:
        """Return what those of the articles cost that have a price. Raises Transient, Refused."""
        asked_at = self._monotonic()
        known = {sku: one for sku in skus if (one := self._known.get(_place(sku, currency, country)))}
        found: dict[str, Price] = {sku: one.price for sku, one in known.items() if one.until > asked_at}
        missing = [sku for sku in skus if sku not in found]
        if missing:
            asked = await self._prices.now(missing, currency=currency, country=country)
            for sku, price in asked.items():
                self._known.keep(_place(sku, currency, country), _Known(price, asked_at + RECENT_SECONDS))
            found.update(asked)
        return found


def _place(sku: str, currency: str, country: str | None) -> str:
    return f"{currency} {country or ''} {sku}"
