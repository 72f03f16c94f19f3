"""Prices, promotions, coupons and quotes in memory, with the promises of the real ones: for rehearsals, and for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from shop_kit.aggregates import Stale
from shop_kit.idempotency import Answer, Claim
from shop_kit.testing.aggregates import AggregateTable, InMemoryAggregates
from shop_kit.testing.event_log import EventLog
from shop_kit.testing.idempotency import InMemoryKeys

from shop_services.pricing.adapters.documents import quote_document
from shop_services.pricing.adapters.events import price_event, redemption_event
from shop_services.pricing.adapters.quote_answers import Work
from shop_services.pricing.application.ports import Clock, Page, QuoteRecord, SignedQuote
from shop_services.pricing.domain.coupons import Coupon, Decision, Redemption, is_known
from shop_services.pricing.domain.prices import ArticlePrices, PriceList
from shop_services.pricing.domain.promotions import Promotion

T = TypeVar("T")


@dataclass
class PricingTables:
    """What is stored: all that processes share."""

    lists: dict[str, PriceList] = field(default_factory=dict)
    prices: dict[str, ArticlePrices] = field(default_factory=dict)
    quotes: dict[str, QuoteRecord] = field(default_factory=dict)
    keys: InMemoryKeys = field(default_factory=InMemoryKeys)
    promotions: dict[str, Promotion] = field(default_factory=dict)
    coupons: dict[str, Coupon] = field(default_factory=dict)
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a customer has used a coupon, by code and customer."""
    redemptions: AggregateTable[Redemption] = field(default_factory=AggregateTable)
    log: EventLog = field(default_factory=EventLog)


@dataclass
class InMemoryPriceLists:
    """The PriceListRepository."""

    tables: PricingTables

    async def add(self, price_list: PriceList) -> PriceList:
        """Add a list unless there is one with its id."""
        return self.tables.lists.setdefault(price_list.id, price_list)

    async def find(self, ids: Iterable[str]) -> Mapping[str, PriceList]:
        """Those of the lists that exist."""
        return {name: self.tables.lists[name] for name in ids if name in self.tables.lists}

    async def page(self, *, limit: int, behind: str | None) -> Page[PriceList]:
        """Up to `limit` lists by id."""
        return _page(self.tables.lists, limit, behind)


@dataclass
class InMemoryPrices:
    """The PriceRepository."""

    tables: PricingTables
    clock: Clock

    async def find(self, skus: Iterable[str]) -> Mapping[str, ArticlePrices]:
        """The prices of those articles that ever had any."""
        return {sku: self.tables.prices[sku] for sku in skus if sku in self.tables.prices}

    async def save(self, articles: Sequence[ArticlePrices]) -> Sequence[ArticlePrices]:
        """Store and announce prices. Raises Stale."""
        for one in articles:
            stored = self.tables.prices.get(one.id)
            if (stored.revision.version if stored else 0) != one.revision.version:
                raise Stale(f"the prices of {one.id} were changed meanwhile")
        saved = [replace(one, revision=one.revision.next(handling=None, announces=True)) for one in articles]
        self.tables.prices |= {one.id: one for one in saved}
        await self.tables.log.publish([price_event(one, at=self.clock.now()) for one in saved])
        return saved


@dataclass
class InMemoryQuotes:
    """The QuoteAnswers."""

    tables: PricingTables

    async def add(self, signed: SignedQuote) -> None:
        """Keep a quote."""
        quote = signed.quote
        self.tables.quotes[quote.id] = QuoteRecord(quote.id, quote.customer_id, quote_document(signed))

    async def answer(self, claim: Claim, work: Work, respond: Callable[[SignedQuote], Answer]) -> Answer:
        """Return the answer to a request. Raises AnsweredBefore, KeyReused, InProgress."""

        async def answered() -> Answer:
            return respond(await work(self))

        return await self.tables.keys.once(claim, answered)

    async def find(self, quote_id: str) -> QuoteRecord | None:
        """Return a quote, or None."""
        return self.tables.quotes.get(quote_id)


@dataclass
class InMemoryPromotions:
    """The PromotionRepository."""

    tables: PricingTables

    async def all(self) -> Sequence[Promotion]:
        """Every promotion."""
        return [self.tables.promotions[name] for name in sorted(self.tables.promotions)]

    async def find(self, promotion_id: str) -> Promotion | None:
        """Return a promotion, or None."""
        return self.tables.promotions.get(promotion_id)

    async def page(self, *, limit: int, behind: str | None) -> Page[Promotion]:
        """Up to `limit` promotions by id."""
        return _page(self.tables.promotions, limit, behind)

    async def save(self, promotion: Promotion) -> Promotion:
        """Write a promotion. Raises Stale."""
        stored = self.tables.promotions.get(promotion.id)
        if (stored.version if stored else 0) != promotion.version:
            raise Stale(f"{promotion.id} was set by somebody else meanwhile")
        saved = self.tables.promotions[promotion.id] = replace(promotion, version=promotion.version + 1)
        return saved


@dataclass
class InMemoryCoupons:
    """The CouponRepository."""

    tables: PricingTables

    async def find(self, codes: Iterable[str]) -> Mapping[str, Coupon]:
        """Those of the coupons that exist."""
        return {code: self.tables.coupons[code] for code in codes if code in self.tables.coupons}

    async def used_by(self, customer_id: str, codes: Iterable[str]) -> Mapping[str, int]:
        """Return how often a customer has used these."""
        return {code: self.tables.uses[code, customer_id] for code in codes}

    async def page(self, *, limit: int, behind: str | None) -> Page[Coupon]:
        """Up to `limit` coupons by code."""
        return _page(self.tables.coupons, limit, behind)

    async def save(self, coupon: Coupon) -> Coupon:
        """Write what was set of a coupon. Raises Stale."""
        stored = self.tables.coupons.get(coupon.id)
        if (stored.version if stored else 0) != coupon.version:
            raise Stale(f"{coupon.id} was set by somebody else meanwhile")
        saved = replace(coupon, version=coupon.version + 1, used=stored.used if stored else 0)
        self.tables.coupons[coupon.id] = saved
        return saved


class InMemoryRedemptions:
    """The RedemptionRepository of one process."""

    def __init__(self, tables: PricingTables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._redemptions = InMemoryAggregates(tables.redemptions)

    async def find(self, order_id: str, *, fresh: bool) -> Redemption | None:
        """Return what an order has used, as remembered unless `fresh`."""
        return await self._redemptions.find(order_id, fresh=fresh)

    async def save(self, decision: Decision, *, handling: str) -> None:
        """Store a decision, count the uses and announce it. Raises Stale."""
        now = self._clock.now()
        await self._redemptions.save(
            decision.redemption,
            handling=handling,
            announce=lambda saved: redemption_event(saved, at=now),
            also=lambda: self._count(decision),
        )

    def _count(self, decision: Decision) -> None:
        """Count the uses of all codes. Raises Stale where a limit does not allow one, or a coupon was set anew; then none is."""
        customer = decision.redemption.customer_id
        codes = decision.redemption.codes if decision.uses else ()
        for code in codes if decision.uses > 0 else ():
            read, stored = decision.coupons[code], self._tables.coupons[code]
            is_used_up = stored.most_uses is not None and stored.used >= stored.most_uses
            most = stored.most_uses_by_customer
            if read.version != stored.version or is_used_up or (most is not None and self._tables.uses[code, customer] >= most):
                raise Stale(f"{code} is not as it was read any more")
        for code in codes:
            stored = self._tables.coupons[code]
            self._tables.coupons[code] = replace(stored, used=stored.used + decision.uses)
            if is_known(customer):
                self._tables.uses[code, customer] += decision.uses


def _page(stored: Mapping[str, T], limit: int, behind: str | None) -> Page[T]:
    ids = sorted(name for name in stored if behind is None or name > behind)
    return Page([stored[name] for name in ids[:limit]], ids[limit - 1] if len(ids) > limit else None)
