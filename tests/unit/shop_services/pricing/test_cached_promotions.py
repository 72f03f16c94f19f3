"""Promotions that quotes read from memory: never older than promised, never older than a change that came through."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from shop_services.pricing.adapters.cached_promotions import FRESH_SECONDS, CachedPromotions
from shop_services.pricing.adapters.in_memory import InMemoryPromotions, PricingTables
from shop_services.pricing.domain.promotions import Percentage, Promotion

pytestmark = pytest.mark.anyio
SALE = Promotion("sale", "Sale", Percentage(1000))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Watch:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Stored(InMemoryPromotions):
    """Counts how often all were read, and may be slow."""

    reads = 0
    may_answer: asyncio.Event | None = None

    async def all(self) -> Sequence[Promotion]:
        self.reads += 1
        found = [*await super().all()]
        if self.may_answer:
            await self.may_answer.wait()
        return found


async def test_many_quotes_read_them_once() -> None:
    stored, watch = Stored(PricingTables()), Watch()
    promotions = CachedPromotions(stored, monotonic=watch)

    for _ in range(10):
        await promotions.all()

    assert stored.reads == 1


async def test_what_another_process_has_changed_is_seen_after_a_second() -> None:
    stored, watch = Stored(PricingTables()), Watch()
    promotions = CachedPromotions(stored, monotonic=watch)
    await promotions.all()
    await stored.save(SALE)

    watch.seconds = FRESH_SECONDS

    assert [one.id for one in await promotions.all()] == ["sale"]


async def test_what_came_through_is_seen_at_once() -> None:
    promotions = CachedPromotions(Stored(PricingTables()), monotonic=Watch())
    assert await promotions.all() == []

    await promotions.save(SALE)

    assert [one.id for one in await promotions.all()] == ["sale"]


async def test_what_was_read_before_a_change_is_not_kept_behind_it() -> None:
    stored = Stored(PricingTables())
    promotions = CachedPromotions(stored, monotonic=Watch())
    stored.may_answer = asyncio.Event()
    reading = asyncio.create_task(promotions.all())
    await asyncio.sleep(0)

    await promotions.save(SALE)
    stored.may_answer.set()
    await reading

    assert [one.id for one in await promotions.all()] == ["sale"]
