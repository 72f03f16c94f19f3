"""Search over HTTP: public, for it shows what the shop shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from shop_kit.clock import Clock
from shop_kit.http import Anybody, FieldFault, GuardedRoute, Problem, json, read_query
from shop_kit.http.cursors import cursor_of, no_such_cursor, read_cursor
from shop_kit.http.values import MoneyView
from shop_kit.shared_kernel import Money, UnknownCurrency
from starlette.requests import Request
from starlette.responses import Response

from shop_services.search.application.ports import Count, Found, FoundArticle, FoundProduct, SearchIndex
from shop_services.search.domain.seeking import Position, Sort, Wish

SHOWN = Anybody("what the shop shows is public")
_PLAIN = r"^[^\x00]*\Z"
Text = Annotated[str, msgspec.Meta(max_length=200, pattern=_PLAIN)]
Choice = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^:\x00]+:[^\x00]+\Z")]
"""A value of an option, as in `colour:white`."""
Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}\Z")]
DEAREST = 10**12
"""No price is higher: a bound there, and one of 0 below, is none."""
MinorUnits = Annotated[int, msgspec.Meta(ge=0, le=DEAREST)]


class SearchQuery(msgspec.Struct, rename="camel"):
    """What is sought, and which page of it."""

    q: Text = ""
    language: Language = "en"
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")] = "EUR"
    category_id: Annotated[str, msgspec.Meta(pattern=r"^cat_[0-9A-HJKMNP-TV-Z]{26}\Z")] | None = None
    brand: Annotated[list[Text], msgspec.Meta(max_length=20)] = []
    option: Annotated[list[Choice], msgspec.Meta(max_length=20)] = []
    min_price: MinorUnits = 0
    max_price: MinorUnits = DEAREST
    in_stock: bool = False
    sort: Sort = Sort.RELEVANCE
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=1000)] | None = None

    def wish(self) -> Wish:
        """Return the same in the words of the domain. Raises Problem 400."""
        return Wish(
            words=self.q.strip(),
            language=self.language,
            currency=_currency(self.currency),
            category_id=self.category_id,
            brands=self.brand,
            options=[(name, value) for name, _, value in (one.partition(":") for one in self.option)],
            price_from=self.min_price or None,
            price_to=self.max_price if self.max_price < DEAREST else None,
            only_in_stock=self.in_stock,
            sort=self.sort,
            limit=self.limit,
            behind=_position(self.cursor, self.sort) if self.cursor else None,
        )


class SuggestionsQuery(msgspec.Struct):
    """What somebody has typed so far."""

    q: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=_PLAIN)]
    language: Language = "en"
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 8


class ArticleView(msgspec.Struct, rename="camel"):
    """A variant: without a price it cannot be bought in this currency."""

    sku: str
    options: dict[str, str]
    price: MoneyView | None
    tax_included: bool | None
    availability: str


class FoundProductView(msgspec.Struct, rename="camel"):
    """A product that was found, with the lowest price of its articles."""

    id: str
    title: str
    brand: str
    category_ids: list[str]
    picture: str | None
    price_from: MoneyView | None
    availability: str
    variants: list[ArticleView]


class CountView(msgspec.Struct, omit_defaults=True):
    """How many of what was found have this value."""

    value: str
    count: int
    name: str = ""


class OptionView(msgspec.Struct):
    """An option with the values that were found."""

    name: str
    values: list[CountView]


class FacetsView(msgspec.Struct):
    """What there is to narrow down by."""

    categories: list[CountView]
    brands: list[CountView]
    options: list[OptionView]


class SearchView(msgspec.Struct, rename="camel"):
    """A page of what was found. Everything that was told until `as_of` is in it."""

    items: list[FoundProductView]
    total: int
    facets: FacetsView
    next_cursor: str | None
    as_of: str
    age_seconds: float


class SuggestionView(msgspec.Struct):
    """What somebody may be about to type."""

    kind: str
    text: str
    id: str | None


class SuggestionsView(msgspec.Struct):
    """Suggestions, the likeliest first."""

    items: list[SuggestionView]


@dataclass(frozen=True)
class SearchApi:
    """The routes of search."""

    index: SearchIndex
    clock: Clock

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        return [
            GuardedRoute("/v1/products", self.search, access=SHOWN),
            GuardedRoute("/v1/suggestions", self.suggest, access=SHOWN),
        ]

    async def search(self, request: Request) -> Response:
        """Answer with a page of what was found, and with what to narrow it down by."""
        query = read_query(request, SearchQuery)
        wish, as_of = query.wish(), await self.index.as_of()
        found = await self.index.find(wish, now=self.clock.now())
        return json(_view(found, wish, as_of))

    async def suggest(self, request: Request) -> Response:
        """Answer with what begins as somebody has typed."""
        query = read_query(request, SuggestionsQuery)
        found = await self.index.suggest(query.q, language=query.language, limit=query.limit)
        return json(SuggestionsView([SuggestionView(one.kind, one.text, one.id) for one in found]))


def _view(found: Found, wish: Wish, as_of: float) -> SearchView:
    moment = datetime.fromtimestamp(as_of, UTC)
    return SearchView(
        items=[_product(one, wish.currency) for one in found.products],
        total=found.total,
        facets=FacetsView(
            categories=_counts(found.facets.categories),
            brands=_counts(found.facets.brands),
            options=[OptionView(name, _counts(values)) for name, values in found.facets.options.items()],
        ),
        next_cursor=_cursor(found.behind, wish.sort) if found.behind else None,
        as_of=moment.isoformat(timespec="milliseconds"),
        # Both moments are the machine's: a sandbox that moves its services' time makes no read model older.
        age_seconds=round(max(0.0, (datetime.now(UTC) - moment).total_seconds()), 3),
    )


def _product(found: FoundProduct, currency: str) -> FoundProductView:
    prices = [one.price.minor_units for one in found.articles if one.price]
    return FoundProductView(
        id=found.id,
        title=found.title,
        brand=found.brand,
        category_ids=[*found.category_ids],
        picture=found.picture,
        price_from=MoneyView(currency, min(prices)) if prices else None,
        availability=_best([one.level for one in found.articles]),
        variants=[_article(one, currency) for one in found.articles],
    )


def _article(found: FoundArticle, currency: str) -> ArticleView:
    price = found.price
    return ArticleView(
        found.sku,
        found.options,
        MoneyView(currency, price.minor_units) if price else None,
        price.tax_included if price else None,
        _best([found.level]),
    )


def _best(levels: list[str | None]) -> str:
    return next((level for level in ("in-stock", "low", "out-of-stock") if level in levels), "unknown")


def _counts(counts: Sequence[Count]) -> list[CountView]:
    return [CountView(one.value, one.products, one.name) for one in counts]


def _currency(code: str) -> str:
    try:
        return Money(code, 0).currency
    except UnknownCurrency as error:
        fault = FieldFault("currency", "is no currency of ISO 4217")
        raise Problem(400, "The query is not valid", kind="invalid-query", errors=[fault]) from error


def _cursor(position: Position, sort: Sort) -> str:
    return cursor_of({"sort": sort.value, "key": str(position.key), "id": position.product_id})


def _position(cursor: str, sort: Sort) -> Position:
    found = read_cursor(cursor)
    try:
        key, product_id = str(found["key"]), str(found["id"])
        if found["sort"] != sort.value or "\0" in key + product_id:
            raise no_such_cursor()
        return Position(key if sort is Sort.TITLE else float(key), product_id)
    except (KeyError, ValueError) as error:
        raise no_such_cursor() from error
