"""Pricing over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shop_kit.http import GuardedRoute
from shop_kit.idempotency import IdempotencyKeys

from shop_services.pricing.adapters.price_routes import PriceRoutes
from shop_services.pricing.adapters.promotion_routes import PromotionRoutes
from shop_services.pricing.adapters.quote_answers import QuoteAnswers
from shop_services.pricing.adapters.quote_routes import QuoteRoutes
from shop_services.pricing.application.ports import (
    Clock,
    CouponRepository,
    PriceListRepository,
    PriceRepository,
    PromotionRepository,
)
from shop_services.pricing.application.quoting import Quoting


@dataclass(frozen=True)
class PricingApi:
    """All routes of pricing."""

    quoting: Quoting
    quotes: QuoteAnswers
    lists: PriceListRepository
    prices: PriceRepository
    promotions: PromotionRepository
    coupons: CouponRepository
    keys: IdempotencyKeys
    clock: Clock
    jwks: Mapping[str, Any]

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        quotes = QuoteRoutes(self.quoting, self.prices, self.quotes, self.clock, self.jwks)
        prices = PriceRoutes(self.lists, self.prices, self.keys)
        return [*quotes.routes(), *prices.routes(), *PromotionRoutes(self.promotions, self.coupons).routes()]
