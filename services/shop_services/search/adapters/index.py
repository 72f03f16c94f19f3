"""The SearchIndex on the read model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from shop_kit.projections import ReadModel

from shop_services.search.adapters.projection import BRAND, CATEGORY, OPTION, UNIT
from shop_services.search.adapters.statements import SUGGESTING, searching
from shop_services.search.application.ports import Count, Facets, Found, FoundArticle, FoundProduct, Price, Suggestion
from shop_services.search.domain.seeking import Position, Wish, in_language

_WORD = re.compile(r"\w+")
MOST_WORDS = 8


class _Article(msgspec.Struct, rename="camel"):
    sku: str
    options: dict[str, str]
    level: str | None
    minor_units: int | None
    tax_included: bool | None


class _Product(msgspec.Struct, rename="camel"):
    key: float | str
    id: str
    title: dict[str, str]
    brand: str
    category_ids: list[str]
    picture: str | None
    articles: list[_Article]


class _Row(msgspec.Struct):
    total: int
    facets: list[tuple[str, int]]
    categories: dict[str, dict[str, str]]
    page: list[_Product]


_ROWS = msgspec.json.Decoder(_Row)


class PostgresSearchIndex:
    """Finds in the generation that is live, also while another one is built beside it."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model

    async def find(self, wish: Wish, *, now: float) -> Found:
        """Return what a wish finds. Raises Unavailable."""
        statement, parameters = searching(wish, now=datetime.fromtimestamp(now, UTC))
        (row,) = await self._model.fetch(statement, *parameters)
        found = _ROWS.decode(row["found"])
        page = found.page[: wish.limit]
        behind = Position(page[-1].key, page[-1].id) if len(found.page) > wish.limit else None
        return Found(found.total, [_product(one, wish.language) for one in page], _facets(found, wish.language), behind)

    async def suggest(self, beginning: str, *, language: str, limit: int) -> Sequence[Suggestion]:
        """Return what has these words, the last of them begun. Raises Unavailable."""
        words = _WORD.findall(beginning.lower())[:MOST_WORDS]
        if not words:
            return []
        query = " & ".join([*(f"'{word}'" for word in words[:-1]), f"'{words[-1]}':*"])
        rows = await self._model.fetch(SUGGESTING, query, language, limit)
        return [Suggestion(row["kind"], row["text"], row["id"]) for row in rows]

    async def as_of(self) -> float:
        """Return up to when the read model has everything that was told. Raises Unavailable."""
        return (await self._model.current_at()).timestamp()


def _product(found: _Product, language: str) -> FoundProduct:
    return FoundProduct(
        found.id,
        in_language(found.title, language),
        found.brand,
        found.category_ids,
        found.picture,
        [
            FoundArticle(
                one.sku,
                one.options,
                None if one.minor_units is None else Price(one.minor_units, bool(one.tax_included)),
                one.level,
            )
            for one in found.articles
        ],
    )


def _facets(found: _Row, language: str) -> Facets:
    options: dict[str, list[Count]] = {}
    for entry, products in _having(found.facets, OPTION):
        name, _, value = entry.partition(UNIT)
        options.setdefault(name, []).append(Count(value, products))
    names = {one: in_language(texts, language) for one, texts in found.categories.items()}
    return Facets(
        categories=[Count(one, products, names.get(one, "")) for one, products in _having(found.facets, CATEGORY)],
        brands=[Count(brand, products) for brand, products in _having(found.facets, BRAND)],
        options=dict(options),
    )


def _having(entries: Iterable[tuple[str, int]], prefix: str) -> list[tuple[str, int]]:
    return [(entry.removeprefix(prefix), products) for entry, products in entries if entry.startswith(prefix)]
