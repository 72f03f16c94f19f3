"""What pricing needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shop_services.pricing.domain.coupons import Coupon
from shop_services.pricing.domain.prices import ArticlePrices, PriceList
from shop_services.pricing.domain.promotions import Promotion
from shop_services.pricing.domain.quote import Quote

T = TypeVar("T")


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of many things, and the id to go on behind (None: there are no more)."""

    items: Sequence[T]
    next_id: str | None


class PriceListRepository(Protocol):
    """The price lists. Each is added once and never changed."""

    async def add(self, price_list: PriceList) -> PriceList:
        """Add a list, and return the one that has its id: this one, or the one that was there before."""
        ...

    async def find(self, ids: Iterable[str]) -> Mapping[str, PriceList]:
        """Those of the lists that exist."""
        ...

    async def page(self, *, limit: int, behind: str | None) -> Page[PriceList]:
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
    """The quotes that were given, for as long as they hold and a while longer. Each is added once and never changed."""

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


class PromotionRepository(Protocol):
    """The promotions: a few dozen."""

    async def all(self) -> Sequence[Promotion]:
        """Every promotion; of what another instance has set, a second may pass until it is seen."""
        ...

    async def find(self, promotion_id: str) -> Promotion | None:
        """Return a promotion, or None."""
        ...

    async def page(self, *, limit: int, behind: str | None) -> Page[Promotion]:
        """Up to `limit` promotions by id."""
        ...

    async def save(self, promotion: Promotion) -> Promotion:
        """Write a promotion as the next version of the one it was read as (0: there was none), and return that.

        Raises shop_kit's Stale when it is at another version.
        """
        ...


class CouponRepository(Protocol):
    """The coupons, and how often each was used. None is ever removed: what ended is still counted."""

    async def find(self, codes: Iterable[str]) -> Mapping[str, Coupon]:
        """Those of the coupons that exist, as they are stored now."""
        ...

    async def used_by(self, customer_id: str, codes: Iterable[str]) -> Mapping[str, int]:
        """Return how often a customer has used these; one that they have not may be left out."""
        ...

    async def page(self, *, limit: int, behind: str | None) -> Page[Coupon]:
        """Up to `limit` coupons by code."""
        ...

    async def save(self, coupon: Coupon) -> Coupon:
        """Write what was set of a coupon as its next version (of 0: there was none), and leave its uses as they are.

        Raises shop_kit's Stale when it is at another version.
        """
        ...
