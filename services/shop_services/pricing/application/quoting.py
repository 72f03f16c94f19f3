"""The use case: a quote for a cart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shop_kit.identifiers import new_identifier

from shop_services.pricing.application import refusals
from shop_services.pricing.application.ports import (
    Clock,
    CouponRepository,
    PriceRepository,
    PromotionRepository,
    QuoteRepository,
    QuoteSigner,
    SignedQuote,
)
from shop_services.pricing.domain import shipping
from shop_services.pricing.domain.coupons import refusals_of
from shop_services.pricing.domain.prices import unpriced
from shop_services.pricing.domain.quote import LIFETIME_SECONDS, Offer, Quote, TaxedPrice, Wish, price_cart
from shop_services.pricing.domain.tax import CountryNotServed


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What somebody may want to buy. `customer_id` is None for a quote that anybody may use."""

    customer_id: str | None
    customer_group: str
    currency: str
    country: str
    shipping_method: str
    wishes: tuple[Wish, ...]
    coupon_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quoting:
    """Makes quotes."""

    prices: PriceRepository
    promotions: PromotionRepository
    coupons: CouponRepository
    signer: QuoteSigner
    clock: Clock

    async def quote(self, request: QuoteRequest, *, quotes: QuoteRepository) -> SignedQuote:
        """Return a signed quote, and keep it among `quotes`. Raises Refused for what cannot be bought, shipped or used."""
        now = float(int(self.clock.now()))
        try:
            method = shipping.method(request.shipping_method, request.country, request.currency)
        except CountryNotServed as error:
            raise refusals.country_not_served(request.country) from error
        except shipping.MethodNotOffered as error:
            raise refusals.shipping_not_offered(request.shipping_method, request.country, request.currency) from error
        prices, offers = await asyncio.gather(self._prices(request, at=now), self._offers(request, at=now))
        cart = price_cart(request.wishes, prices, method, offers, country=request.country, at=now)
        quote = Quote(new_identifier("qte"), request.customer_id, cart, issued_at=now, expires_at=now + LIFETIME_SECONDS)
        signed = SignedQuote(quote, self.signer.sign(quote))
        await quotes.add(signed)
        return signed

    async def _prices(self, request: QuoteRequest, *, at: float) -> Mapping[str, TaxedPrice]:
        articles = await self.prices.find({wish.sku for wish in request.wishes})
        found: dict[str, TaxedPrice] = {}
        missing: list[tuple[int, str]] = []
        for index, wish in enumerate(request.wishes):
            article = articles.get(wish.sku, unpriced(wish.sku))
            price = article.price_for(request.currency, request.customer_group, at=at)
            if price is None:
                missing.append((index, wish.sku))
            else:
                found[wish.sku] = TaxedPrice(price, article.tax_class)
        if missing:
            raise refusals.no_price(request.currency, missing)
        return found

    async def _offers(self, request: QuoteRequest, *, at: float) -> Sequence[Offer]:
        """Return what takes something off without being asked for, and then what the coupons ask for. Raises Refused."""
        codes = request.coupon_codes
        promotions, coupons, used = await asyncio.gather(
            self.promotions.all(), self.coupons.find(codes), self.coupons.used_by(request.customer_id or "", codes)
        )
        if refused := refusals_of(codes, request.customer_id, coupons=coupons, used_by_customer=used, at=at):
            raise refusals.coupons_not_valid(refused)
        open_to_them = {one.id: one for one in promotions if one.counts_for(request.customer_group, at=at)}
        unasked = [Offer(one) for one in open_to_them.values() if not one.needs_coupon]
        asked_for = [(code, open_to_them.get(coupons[code].promotion_id)) for code in codes]
        return [*unasked, *(Offer(promotion, code) for code, promotion in asked_for if promotion)]


async def prices_now(
    skus: Sequence[str], *, currency: str, customer_group: str, prices: PriceRepository, clock: Clock
) -> Mapping[str, TaxedPrice]:
    """Return what those of the articles cost now that have a price."""
    now = clock.now()
    found: dict[str, TaxedPrice] = {}
    for sku, article in (await prices.find(skus)).items():
        price = article.price_for(currency, customer_group, at=now)
        if price is not None:
            found[sku] = TaxedPrice(price, article.tax_class)
    return found
