"""What search needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shop_services.search.domain.seeking import Position, Wish


@dataclass(frozen=True, slots=True)
class Price:
    """What an article costs now, in the currency's minor unit."""

    minor_units: int
    tax_included: bool


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """A variant. Without a price it cannot be bought in this currency; its level is None when inventory never spoke of it."""

    sku: str
    options: dict[str, str]
    price: Price | None
    level: str | None


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """A product that was found."""

    id: str
    title: str
    brand: str
    category_ids: Sequence[str]
    picture: str | None
    articles: Sequence[FoundArticle]


@dataclass(frozen=True, slots=True)
class Count:
    """How many of what was found have this value."""

    value: str
    products: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Facets:
    """What there is to narrow down by, with the number of products for each; of options, by their names."""

    categories: Sequence[Count]
    brands: Sequence[Count]
    options: dict[str, Sequence[Count]]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, how many there are in all, and where the next page begins (None: there is none)."""

    total: int
    products: Sequence[FoundProduct]
    facets: Facets
    behind: Position | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What somebody may be about to type: a category (with its id), a brand, or a product (with its id)."""

    kind: str
    text: str
    id: str | None


class SearchIndex(Protocol):
    """The read model. All methods raise Unavailable while it is built for the first time, for it would show only a part."""

    async def find(self, wish: Wish, *, now: float) -> Found:
        """Return what a wish finds, with prices as of `now` (seconds since the epoch)."""
        ...

    async def suggest(self, beginning: str, *, language: str, limit: int) -> Sequence[Suggestion]:
        """Return what begins as somebody has typed."""
        ...

    async def as_of(self) -> float:
        """Return up to when (seconds since the epoch) everything that was told is in the read model."""
        ...
