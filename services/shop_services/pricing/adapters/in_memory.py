"""Prices and quotes in memory, with the promises of the real ones: for rehearsals, and for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shop_kit.aggregates import Stale
from shop_kit.testing.event_log import EventLog

from shop_services.pricing.adapters.documents import quote_document
from shop_services.pricing.adapters.events import price_event
from shop_services.pricing.application.ports import Clock, PriceListPage, QuoteRecord, SignedQuote
from shop_services.pricing.domain.prices import ArticlePrices, PriceList


@dataclass
class PricingTables:
    """What is stored: all that processes share."""

    lists: dict[str, PriceList] = field(default_factory=dict)
    prices: dict[str, ArticlePrices] = field(default_factory=dict)
    quotes: dict[str, QuoteRecord] = field(default_factory=dict)
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

    async def page(self, *, limit: int, behind: str | None) -> PriceListPage:
        """Up to `limit` lists by id."""
        ids = sorted(name for name in self.tables.lists if behind is None or name > behind)
        return PriceListPage([self.tables.lists[name] for name in ids[:limit]], ids[limit - 1] if len(ids) > limit else None)


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
    """The QuoteRepository."""

    tables: PricingTables

    async def add(self, signed: SignedQuote) -> None:
        """Keep a quote."""
        quote = signed.quote
        self.tables.quotes[quote.id] = QuoteRecord(quote.id, quote.customer_id, quote_document(signed))

    async def find(self, quote_id: str) -> QuoteRecord | None:
        """Return a quote, or None."""
        return self.tables.quotes.get(quote_id)
