"""What pricing needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shop_services.pricing.domain.prices import ArticlePrices, PriceList
from shop_services.pricing.domain.quote import Quote


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class PriceListPage:
    """Some price lists, and the id to go on behind (None: there are no more)."""

    items: Sequence[PriceList]
    next_id: str | None


class PriceListRepository(Protocol):
    """The price lists. Each is added once and never changed."""

    async def add(self, price_list: PriceList) -> PriceList:
        """Add a list, and return the one that has its id: this one, or the one that was there before."""
        ...

    async def find(self, ids: Iterable[str]) -> Mapping[str, PriceList]:
        """Those of the lists that exist."""
        ...

    async def page(self, *, limit: int, behind: str | None) -> PriceListPage:
        """Up to `limit` lists by id."""
        ...


class PriceRepository(Protocol):
    """The prices of articles. Each change is written together with the event that tells of it."""

    async def find(self, skus: Iterable[str]) -> Mapping[str, ArticlePrices]:
        """The prices of those articles that ever had any, as they are stored now."""
        ...

    async def save(self, articles: Sequence[ArticlePrices]) -> Sequence[ArticlePrices]:
        """Write and announce the prices of up to 40 different articles: all or nothing. Returns them with their new revisions.

        Raises shop_kit's Stale when one of them was changed since it was read.
        """
        ...


@dataclass(frozen=True, slots=True)
class SignedQuote:
    """A quote with the token that proves it."""

    quote: Quote
    token: str


@dataclass(frozen=True, slots=True)
class QuoteRecord:
    """A quote as it was answered, a JSON document. `customer_id` is None when anybody may read it."""

    id: str
    customer_id: str | None
    document: bytes


class QuoteRepository(Protocol):
    """The quotes that were given, for as long as they hold and a while longer."""

    async def add(self, signed: SignedQuote) -> None:
        """Keep a quote."""
        ...

    async def find(self, quote_id: str) -> QuoteRecord | None:
        """Return a quote, or None."""
        ...


class QuoteSigner(Protocol):
    """Proves that a quote is pricing's."""

    def sign(self, quote: Quote) -> str:
        """Return the token of a quote."""
        ...
