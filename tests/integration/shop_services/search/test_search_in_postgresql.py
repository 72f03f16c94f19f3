"""The read model of search on a real PostgreSQL: what is found, in which order, and that it is the same however it was told."""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import pytest
from fakes.postgresql import postgresql
from google.protobuf.message import Message
from shop_contracts.proto.catalog.v1.categories_pb2 import CategoryEvent
from shop_contracts.proto.catalog.v1.products_pb2 import ProductEvent
from shop_contracts.proto.inventory.v1 import stock_pb2
from shop_contracts.proto.pricing.v1.prices_pb2 import PriceEvent
from shop_kit.messages import Received, outgoing
from shop_kit.projections import ReadModel
from shop_kit.testing.event_log import received
from shop_services.search.adapters.index import PostgresSearchIndex
from shop_services.search.adapters.projection import PROJECTION, TABLES, apply
from shop_services.search.application.ports import Found
from shop_services.search.domain.seeking import Sort, Wish

pytestmark = [pytest.mark.integration, pytest.mark.anyio]
NOW = 1_800_000_000.0
KITCHEN, CUPS, POTS = (f"cat_0000000000000000000000000{number}" for number in (1, 2, 3))
TABLES_OF_MODEL = ("categories", "products", "documents", "articles", "prices", "offers", "stock")


class Model(ReadModel):
    """The read model in one schema, as if it were live."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], schema: str) -> None:
        self.pool = pool
        self.schema = schema

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        return await self.pool.fetch(query.replace("{schema}", self.schema), *arguments)


def _received(event: Message) -> Received[Message]:
    """The event as it comes: its key is its first field."""
    key = str(event.ListFields()[0][1])
    return received(outgoing(type(event).__name__, key, event, source="/test", sequence=1), type(event))


@dataclass
class Shop:
    """What was told, and what is found then."""

    model: Model
    told: list[Message] = field(default_factory=list)

    @property
    def index(self) -> PostgresSearchIndex:
        return PostgresSearchIndex(self.model)

    async def tell(self, *events: Message) -> None:
        self.told += events
        async with self.model.pool.acquire() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL search_path TO {self.model.schema}")
            await apply(connection, [_received(event) for event in events])

    async def find(self, words: str = "", **narrowed: Any) -> Found:
        return await self.index.find(Wish(words=words, **narrowed), now=NOW)

    async def titles(self, words: str = "", **narrowed: Any) -> list[str]:
        return [one.title for one in (await self.find(words, **narrowed)).products]

    async def rows(self) -> dict[str, list[str]]:
        return {
            table: sorted(str(row[0]) for row in await self.model.fetch("SELECT t::text FROM {schema}." + table + " t"))  # noqa: S608
            for table in TABLES_OF_MODEL
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def pool(server: str) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    async with asyncpg.create_pool(server, min_size=1, max_size=4) as found:
        yield found


async def empty(pool: asyncpg.Pool[asyncpg.Record]) -> Shop:
    schema = f"search_{uuid.uuid4().hex[:8]}"
    await pool.execute(f"CREATE SCHEMA {schema}; SET search_path TO {schema}; {TABLES} SET search_path TO public")
    return Shop(Model(pool, schema))


@pytest.fixture
async def shop(pool: asyncpg.Pool[asyncpg.Record]) -> Shop:
    """Two cups and a pot, one of each with a price and stock."""
    made = await empty(pool)
    await made.tell(
        category(KITCHEN, (), en="Kitchen", de="Küche"),
        category(CUPS, (KITCHEN,), en="Cups", de="Tassen"),
        category(POTS, (KITCHEN,), en="Pots", de="Töpfe"),
        product(1, CUPS, "Fjord", {"c-1": "white", "c-2": "sand"}, en="Espresso cup", de="Espressotasse"),
        product(2, CUPS, "Loft", {"c-3": "white"}, en="Tea cups with saucers", de="Teetassen mit Untertassen"),
        product(3, POTS, "Fjord", {"p-1": "rust"}, en="Cooking pot", de="Kochtopf"),
        price("c-1", EUR=1290, JPY=2000),
        price("c-2", EUR=1390),
        price("c-3", EUR=990),
        price("p-1", EUR=4900),
        stock("c-1", 10),
        stock("c-3", 0),
        stock("p-1", 2),
    )
    return made


def category(category_id: str, above: Sequence[str], **names: str) -> CategoryEvent:
    event = CategoryEvent(category_id=category_id)
    told = event.category_changed.category
    told.category_id, told.parent_id = category_id, above[-1] if above else ""
    told.path.extend([*above, category_id])
    told.names.update(names)
    return event


def product(number: int, category_id: str, brand: str, colours: dict[str, str], **titles: str) -> ProductEvent:
    event = ProductEvent(product_id=f"prd_0000000000000000000000000{number}")
    told = event.product_published.product
    told.product_id, told.brand = event.product_id, brand
    told.title.update(titles)
    told.category_ids.append(category_id)
    told.options.add(name="colour", values=sorted(set(colours.values())))
    for sku, colour in colours.items():
        told.variants.add(sku=sku, option_values={"colour": colour})
    return event


def withdrawn(number: int) -> ProductEvent:
    event = ProductEvent(product_id=f"prd_0000000000000000000000000{number}")
    event.product_withdrawn.SetInParent()
    return event


def price(sku: str, *, group: str = "", begins: float | None = None, ends: float | None = None, **amounts: int) -> PriceEvent:
    event = PriceEvent(sku=sku)
    event.prices_changed.SetInParent()
    for currency, units in amounts.items():
        told = event.prices_changed.prices.add(price_list_id=currency, customer_group=group, tax_included=True)
        told.amount.currency_code, told.amount.minor_units = currency, units
        if begins is not None:
            told.valid_from.FromSeconds(int(begins))
        if ends is not None:
            told.valid_until.FromSeconds(int(ends))
    return event


def stock(sku: str, free: int) -> stock_pb2.StockEvent:
    event = stock_pb2.StockEvent(sku=sku)
    level = 3 if free == 0 else 2 if free < 6 else 1
    event.stock_level_changed.free, event.stock_level_changed.level = free, level  # type: ignore[assignment]
    return event


@pytest.mark.parametrize(
    "words, language, expected",
    [
        ("cup", "en", ["Espresso cup", "Tea cups with saucers"]),
        ("CUPS", "en", ["Espresso cup", "Tea cups with saucers"]),
        ("cooked pots", "en", ["Cooking pot"]),
        ("cup -tea", "en", ["Espresso cup"]),
        ('"tea cup"', "en", ["Tea cups with saucers"]),
        ("fjord white", "en", ["Espresso cup"]),
        ("Kochtöpfe", "de", ["Kochtopf"]),
        ("Teetasse", "de", ["Teetassen mit Untertassen"]),
        ("cup", "de", []),
        ("the", "en", []),
        ("') OR 1=1 --", "en", []),
    ],
)
async def test_words_are_found_by_their_stems_in_their_language(shop: Shop, words: str, language: str, expected: list[str]) -> None:
    assert sorted(await shop.titles(words, language=language)) == expected


async def test_a_word_in_the_title_counts_for_more_than_one_in_the_description(shop: Shop) -> None:
    saucer = product(4, POTS, "Fjord", {"s-1": "rust"}, en="A saucer")
    saucer.product_published.product.description["en"] = "For every cup and every pot."
    await shop.tell(saucer)

    assert (await shop.titles("cup"))[-1] == "A saucer"


async def test_facets_count_what_was_found_each_category_with_all_below_it(shop: Shop) -> None:
    found = await shop.find("cup")

    assert found.total == 2
    assert {(one.name, one.products) for one in found.facets.categories} == {("Kitchen", 2), ("Cups", 2)}
    assert {(one.value, one.products) for one in found.facets.brands} == {("Fjord", 1), ("Loft", 1)}
    assert {(one.value, one.products) for one in found.facets.options["colour"]} == {("white", 2), ("sand", 1)}


@pytest.mark.parametrize(
    "narrowed, expected",
    [
        ({"category_id": KITCHEN}, {"Espresso cup", "Tea cups with saucers", "Cooking pot"}),
        ({"category_id": POTS}, {"Cooking pot"}),
        ({"brands": ["Fjord"]}, {"Espresso cup", "Cooking pot"}),
        ({"brands": ["Fjord", "Loft"], "options": [("colour", "white")]}, {"Espresso cup", "Tea cups with saucers"}),
        ({"options": [("colour", "sand"), ("colour", "rust")]}, {"Espresso cup", "Cooking pot"}),
        ({"only_in_stock": True}, {"Espresso cup", "Cooking pot"}),
        ({"price_from": 1000, "price_to": 1300}, {"Espresso cup"}),
        ({"price_to": 3000, "currency": "JPY"}, {"Espresso cup"}),
    ],
)
async def test_a_wish_is_narrowed_down(shop: Shop, narrowed: dict[str, Any], expected: set[str]) -> None:
    assert {*await shop.titles(**narrowed)} == expected


@pytest.mark.parametrize(
    "sort, expected",
    [
        (Sort.PRICE_UP, ["Tea cups with saucers", "Espresso cup", "Cooking pot", "No price"]),
        (Sort.PRICE_DOWN, ["Cooking pot", "Espresso cup", "Tea cups with saucers", "No price"]),
        (Sort.TITLE, ["Cooking pot", "Espresso cup", "No price", "Tea cups with saucers"]),
    ],
)
async def test_each_order_has_every_product_once_over_its_pages(shop: Shop, sort: Sort, expected: list[str]) -> None:
    await shop.tell(product(4, POTS, "Fjord", {"n-1": "rust"}, en="No price"))

    found: list[str] = []
    wish = Wish(sort=sort, limit=1)
    while True:
        page = await shop.index.find(wish, now=NOW)
        found += [one.title for one in page.products]
        if page.behind is None:
            break
        wish = replace(wish, behind=page.behind)

    assert found == expected


async def test_relevance_has_every_product_once_over_its_pages(shop: Shop) -> None:
    first = await shop.find("cup", limit=1)
    second = await shop.find("cup", limit=1, behind=first.behind)

    assert {one.title for page in (first, second) for one in page.products} == {"Espresso cup", "Tea cups with saucers"}
    assert second.behind is None


async def test_prices_are_those_for_everybody_as_of_now(shop: Shop) -> None:
    later, before = price("c-2", begins=NOW + 60, EUR=100), price("p-1", ends=NOW, EUR=100)
    await shop.tell(later, before, price("c-3", group="wholesale", EUR=100))

    found = {one.sku: one.price for hit in (await shop.find()).products for one in hit.articles}

    assert {sku: each.minor_units if each else None for sku, each in found.items()} == {
        "c-1": 1290,
        "c-2": None,
        "c-3": None,
        "p-1": None,
    }
    assert await shop.titles(price_to=200) == []
    assert [one.title for one in (await shop.index.find(Wish(price_to=200), now=NOW + 61)).products] == ["Espresso cup"]


async def test_stock_shows_in_what_is_found(shop: Shop) -> None:
    await shop.tell(stock("c-3", 3), stock("c-1", 0))

    levels = {one.sku: one.level for hit in (await shop.find()).products for one in hit.articles}

    assert levels == {"c-1": "out-of-stock", "c-2": None, "c-3": "low", "p-1": "low"}
    assert {*await shop.titles(only_in_stock=True)} == {"Tea cups with saucers", "Cooking pot"}


async def test_what_is_withdrawn_is_found_no_more(shop: Shop) -> None:
    await shop.tell(withdrawn(1))

    assert await shop.titles("cup") == ["Tea cups with saucers"]
    assert await shop.index.suggest("espr", language="en", limit=5) == []


async def test_what_stands_in_a_category_that_moves_is_found_where_it_went(shop: Shop) -> None:
    attic = "cat_00000000000000000000000009"
    await shop.tell(category(attic, (), en="Attic"), category(CUPS, (attic,), en="Cups"))

    assert {*await shop.titles(category_id=attic)} == {"Espresso cup", "Tea cups with saucers"}
    assert await shop.titles(category_id=KITCHEN) == ["Cooking pot"]


@pytest.mark.parametrize(
    "beginning, language, expected",
    [
        ("esp", "en", [("product", "Espresso cup")]),
        ("espresso c", "en", [("product", "Espresso cup")]),
        ("cup", "en", [("category", "Cups"), ("product", "Espresso cup"), ("product", "Tea cups with saucers")]),
        ("lo", "en", [("brand", "Loft")]),
        ("tas", "de", [("category", "Tassen")]),
        ("saucers tea", "en", [("product", "Tea cups with saucers")]),
        ("'); --", "en", []),
        ("x' & 'y", "en", []),
    ],
)
async def test_what_is_typed_is_completed(shop: Shop, beginning: str, language: str, expected: list[tuple[str, str]]) -> None:
    found = await shop.index.suggest(beginning, language=language, limit=5)

    assert [(one.kind, one.text) for one in found] == expected


async def test_nul_in_a_text_stops_nothing(shop: Shop) -> None:
    await shop.tell(product(5, CUPS, "Fj\0ord", {"n-1": "wh\0ite"}, en="A cup\0"))

    assert "A cup" in await shop.titles("cup")


@pytest.mark.parametrize("seed", range(8))
async def test_the_same_is_found_in_whatever_order_topics_are_read(
    shop: Shop, pool: asyncpg.Pool[asyncpg.Record], seed: int
) -> None:
    await shop.tell(withdrawn(2), category(CUPS, (POTS,), en="Cups"), price("c-2", EUR=1), stock("c-2", 1))
    other = await empty(pool)
    chance = random.Random(seed)
    by_key: dict[tuple[str, str], list[Message]] = {}
    for event in shop.told:
        key = str(getattr(event, event.DESCRIPTOR.fields[0].name))
        by_key.setdefault((type(event).__name__, key), []).append(event)
    while by_key:
        chosen = chance.choice(sorted(by_key))
        await other.tell(by_key[chosen].pop(0))
        if not by_key[chosen]:
            del by_key[chosen]

    assert await other.rows() == await shop.rows()


def test_the_projection_hears_of_everything_that_it_shows() -> None:
    assert [feed.topic for feed in PROJECTION.feeds] == [
        "shop.catalog.categories.v1",
        "shop.catalog.products.v1",
        "shop.pricing.prices.v1",
        "shop.inventory.stock.v1",
    ]
