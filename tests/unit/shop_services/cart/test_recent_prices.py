"""What a cart shows may be two seconds old, and no older."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from fakes.carts import PricesOfNow
from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import Sku
from shop_services.cart.adapters.recent_prices import RECENT_SECONDS, RecentPrices
from shop_services.cart.application.ports import Price

pytestmark = pytest.mark.anyio
MUG, LAMP = Sku("mug"), Sku("lamp")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Pricing(PricesOfNow):
    asked: list[Sequence[Sku]] = field(default_factory=list)

    async def now(self, skus: Sequence[Sku], *, currency: str, country: str | None) -> Mapping[str, Price]:
        self.asked.append(skus)
        return await super().now(skus, currency=currency, country=country)


@dataclass
class Bench:
    pricing: Pricing = field(default_factory=lambda: Pricing({"mug": 1999, "lamp": 4550}))
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.prices = RecentPrices(self.pricing, monotonic=lambda: self.seconds)

    async def shown(self, *skus: Sku, currency: str = "EUR", country: str | None = "DE") -> dict[str, int]:
        found = await self.prices.now(skus, currency=currency, country=country)
        return {sku: price.amount.minor_units for sku, price in found.items()}


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_pricing_is_asked_only_for_what_it_was_not_asked_a_moment_ago(bench: Bench) -> None:
    assert await bench.shown(MUG) == {"mug": 1999}
    assert await bench.shown(MUG, LAMP) == {"mug": 1999, "lamp": 4550}
    assert await bench.shown(LAMP, MUG) == {"mug": 1999, "lamp": 4550}
    assert bench.pricing.asked == [[MUG], [LAMP]]


async def test_a_price_that_has_changed_is_shown_at_the_latest_after_the_time_that_is_declared(bench: Bench) -> None:
    await bench.shown(MUG)
    bench.pricing.minor_units["mug"] = 500
    bench.seconds = RECENT_SECONDS

    assert await bench.shown(MUG) == {"mug": 500}


async def test_what_has_no_price_is_asked_for_each_time(bench: Bench) -> None:
    assert await bench.shown(Sku("new")) == {}
    bench.pricing.minor_units["new"] = 100
    assert await bench.shown(Sku("new")) == {"new": 100}


@pytest.mark.parametrize("elsewhere", [{"currency": "USD"}, {"country": "FR"}, {"country": None}])
async def test_prices_of_one_currency_and_country_are_not_those_of_another(bench: Bench, elsewhere: dict[str, str]) -> None:
    await bench.shown(MUG)
    await bench.shown(MUG, **elsewhere)
    assert len(bench.pricing.asked) == 2


async def test_nobody_can_say_what_is_not_recent_while_pricing_is_away(bench: Bench) -> None:
    await bench.shown(MUG)
    bench.pricing.is_away = True

    assert await bench.shown(MUG) == {"mug": 1999}
    with pytest.raises(Unavailable):
        await bench.shown(MUG, LAMP)
    bench.seconds = RECENT_SECONDS
    with pytest.raises(Unavailable):
        await bench.shown(MUG)
