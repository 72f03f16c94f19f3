"""Promotions, read once a second for all quotes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from shop_services.pricing.application.ports import Page, PromotionRepository
from shop_services.pricing.domain.promotions import Promotion

FRESH_SECONDS = 1.0
"""A change is in all quotes after so long, and at once in those of the process that it came through."""


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class CachedPromotions:
    """A PromotionRepository whose `all` may be a second old; whatever else is asked goes to the store."""

    def __init__(self, stored: PromotionRepository, *, monotonic: Callable[[], float] = _loop_time) -> None:
        self._stored = stored
        self._monotonic = monotonic
        self._known: Sequence[Promotion] = ()
        self._fresh_until = float("-inf")
        self._changes = 0

    async def all(self) -> Sequence[Promotion]:
        """Every promotion, as it was stored a second ago at most."""
        asked_at, changes = self._monotonic(), self._changes
        if asked_at < self._fresh_until:
            return self._known
        found = await self._stored.all()
        if changes == self._changes:  # else it may have been read before what was changed meanwhile
            self._known, self._fresh_until = found, asked_at + FRESH_SECONDS
        return found

    async def find(self, promotion_id: str) -> Promotion | None:
        """Return a promotion, or None."""
        return await self._stored.find(promotion_id)

    async def page(self, *, limit: int, behind: str | None) -> Page[Promotion]:
        """Up to `limit` promotions by id."""
        return await self._stored.page(limit=limit, behind=behind)

    async def save(self, promotion: Promotion) -> Promotion:
        """Write a promotion, and forget what is known. Raises Stale."""
        try:
            return await self._stored.save(promotion)
        finally:
            self._changes += 1
            self._fresh_until = float("-inf")
