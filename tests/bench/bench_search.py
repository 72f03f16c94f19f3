"""Searches over 50,000 products: the service's own routes and read model on a real PostgreSQL, asked 50 times a second.

The products are those of `shop-dev seed --products 50000`, told as catalog, pricing and inventory tell of them and taken in by the
service's own projection: by four writers at once, while the projector is one, so the time that it takes is no figure of a rebuild.
Requests begin when they are due, whether or not the ones before were answered (an open model), and are counted from then. Prints,
and writes docs/reference/performance.md; asserts nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import asyncpg
import msgspec
import shop_services.search
from bench.figures import head, table, write
from fakes.postgresql import postgresql
from google.protobuf.message import Message
from opentelemetry import trace
from shop_contracts.proto.catalog.v1.categories_pb2 import Category as CategoryMessage
from shop_contracts.proto.catalog.v1.categories_pb2 import CategoryChanged, CategoryEvent
from shop_contracts.proto.catalog.v1.products_pb2 import Product as ProductMessage
from shop_contracts.proto.catalog.v1.products_pb2 import ProductEvent, ProductPublished, Variant
from shop_contracts.proto.inventory.v1.stock_pb2 import STOCK_LEVEL_IN_STOCK, StockEvent, StockLevelChanged
from shop_contracts.proto.pricing.v1.prices_pb2 import PriceEvent
from shop_kit.clock import SystemClock
from shop_kit.http.app import create_app
from shop_kit.http.server import listening_socket, serving
from shop_kit.messages import Received, outgoing
from shop_kit.metrics import Metrics
from shop_kit.projections import ReadModel
from shop_kit.projections.generations import Generation, Generations, see
from shop_kit.testing.event_log import received
from shop_seeding.assortment import ASSORTMENT, COLLECTIONS
from shop_seeding.catalog_lines import Category, categories, product_line
from shop_seeding.price_tags import PRICE_LISTS, price_tag
from shop_seeding.products import Article, Product, products
from shop_services.catalog.adapters.bodies import ImportedProduct
from shop_services.pricing.adapters.bodies import ImportedPrices
from shop_services.search.adapters.index import PostgresSearchIndex
from shop_services.search.adapters.projection import PROJECTION, apply
from shop_services.search.adapters.rest import SearchApi

BATCH = 500
WRITERS = 4
MIGRATIONS = Path(shop_services.search.__file__).parent / "migrations"
WARM_UP_SECONDS = 3.0


def main() -> None:
    """Build, ask, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--per-second", type=float, default=50.0)
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True, help="put the figures into the page")
    asked = parser.parse_args()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, postgresql(Path(folder) / "postgres") as address:
        rows = asyncio.run(_measure(address, asked.products, asked.seconds, asked.per_second))
    page = table(("what", "requests", "p50", "p95", "p99", "budget of p95"), rows)
    print(page)
    if asked.write:
        write("search", f"{head('just bench-search', load_before=load_before)}\n\n{page}")


async def _measure(address: str, count: int, seconds: float, per_second: float) -> list[tuple[str, ...]]:
    async with asyncpg.create_pool(address, min_size=4, max_size=8) as pool:
        began = time.perf_counter()
        events = await _build(pool, count)
        built = time.perf_counter() - began
        print(f"{events:,} events of {count:,} products were taken in within {built:.0f} s.", flush=True)
        async with _served(pool) as url:
            found = await _ask(url, seconds, per_second)
    everything = [one for times in found.values() for one in times]
    rows = [_row(f"{count:,} products, {per_second:g} requests a second of all kinds", everything, "30 ms")]
    return [*rows, *(_row(kind, times, "") for kind, times in found.items())]


def _row(what: str, times: Sequence[float], budget: str) -> tuple[str, ...]:
    cuts = statistics.quantiles(times, n=100)
    return (what, str(len(times)), *(f"{cuts[place - 1] * 1000:.1f} ms" for place in (50, 95, 99)), budget)


# --- the read model ---------------------------------------------------------------------------------------------------------


async def _build(pool: asyncpg.Pool[asyncpg.Record], count: int) -> int:
    for migration in sorted(MIGRATIONS.glob("*.sql")):
        await pool.execute(migration.read_text(encoding="utf-8"))
    generations = Generations(pool, PROJECTION)
    await generations.begin()
    (generation,) = await generations.current()
    # What belongs to one product is told by one writer, in order; the projector itself is one.
    told = await asyncio.gather(*(_tell(pool, generation, _events(count, writer)) for writer in range(WRITERS)))
    await generations.note_current(generation, datetime.now(UTC))
    await generations.put_live(generation)
    await pool.execute("VACUUM ANALYZE")
    return sum(told)


async def _tell(pool: asyncpg.Pool[asyncpg.Record], generation: Generation, events: Iterator[Message]) -> int:
    count = 0
    while batch := [*islice(events, BATCH)]:
        async with pool.acquire() as connection, connection.transaction():
            await see(connection, generation)
            await apply(connection, [*map(_received, batch)])
        count += len(batch)
    return count


def _received(event: Message) -> Received[Message]:
    key = str(event.ListFields()[0][1])
    return received(outgoing(type(event).__name__, key, event, source="/bench", sequence=1), type(event))


def _events(count: int, writer: int) -> Iterator[Message]:
    if writer == 0:
        yield from map(_category_event, categories())
    for product in islice(products(count=count), writer, None, WRITERS):
        yield _product_event(product)
        for article in product.articles:
            yield _price_event(article)
            changed = StockLevelChanged(free=article.quantity, level=STOCK_LEVEL_IN_STOCK)
            yield StockEvent(sku=article.sku, stock_level_changed=changed)


def _category_event(category: Category) -> CategoryEvent:
    above = {one.id: one for one in categories()}
    path = [category.id]
    while (parent := above[path[0]].parent_id) is not None:
        path.insert(0, parent)
    told = CategoryMessage(category_id=category.id, path=path, names={"en": category.name.en, "de": category.name.de})
    return CategoryEvent(category_id=category.id, category_changed=CategoryChanged(category=told))


def _product_event(product: Product) -> ProductEvent:
    line = msgspec.convert(product_line(product), ImportedProduct)
    told = ProductMessage(
        product_id=line.id,
        title=line.title,
        description=line.description,
        brand=line.brand,
        category_ids=line.category_ids,
        variants=[Variant(sku=one.sku, option_values=one.options) for one in line.variants],
    )
    return ProductEvent(product_id=line.id, product_published=ProductPublished(product=told))


def _price_event(article: Article) -> PriceEvent:
    event = PriceEvent(sku=article.sku)
    for price in msgspec.convert(price_tag(article), ImportedPrices).prices:
        group = str(PRICE_LISTS[price.price_list_id].get("customerGroup", ""))
        told = event.prices_changed.prices.add(price_list_id=price.price_list_id, customer_group=group, tax_included=True)
        told.amount.currency_code, told.amount.minor_units = price.amount.currency, price.amount.minor_units
    return event


# --- the questions ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _served(pool: asyncpg.Pool[asyncpg.Record]) -> AsyncIterator[str]:
    api = SearchApi(PostgresSearchIndex(ReadModel(pool, PROJECTION)), SystemClock())
    app = create_app(api.routes(), readiness={}, tracer=trace.get_tracer("bench"), metrics=Metrics())
    listener = listening_socket(None, "127.0.0.1", 0)
    async with serving(app, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass(frozen=True)
class Question:
    """A request, and what kind of question it is."""

    kind: str
    path: str


def _questions(chance: random.Random) -> Iterator[Question]:
    """What visitors ask for: mostly words, some narrowed down, and what is typed on the way there."""
    leaves = [category for category in categories() if _depth(category) == 3]
    things = [(kind, thing) for kind in ASSORTMENT for thing in kind.things]
    while True:
        kind, thing = chance.choice(things)
        brand, collection = chance.choice(kind.lines), chance.choice(COLLECTIONS)
        draw = chance.random()
        if draw < 0.25:
            yield Question("suggestions", _path("suggestions", q=f"{brand} {thing.name.en}"[: chance.randint(2, 12)]))
        elif draw < 0.50:
            yield Question("a thing by its name", _path("products", q=thing.name.en))
        elif draw < 0.60:
            yield Question("the same in German", _path("products", q=thing.category.de, language="de"))
        elif draw < 0.80:
            yield Question("a thing of a brand and collection", _path("products", q=f"{brand} {thing.name.en} {collection}"))
        elif draw < 0.90:
            yield Question("a category, cheapest first", _path("products", categoryId=chance.choice(leaves).id, sort="price"))
        else:
            narrowed = {"brand": brand, "inStock": "true", "maxPrice": kind.dearest * 60}
            yield Question("a thing, narrowed down", _path("products", q=thing.name.en, **narrowed))


def _depth(category: Category) -> int:
    above = {one.id: one for one in categories()}
    return 1 if category.parent_id is None else 1 + _depth(above[category.parent_id])


def _path(what: str, **parameters: object) -> str:
    return f"/v1/{what}?{urlencode(parameters)}"


async def _ask(url: str, seconds: float, per_second: float) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    questions = _questions(random.Random(7))
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(int((WARM_UP_SECONDS + seconds) * per_second)):
            due = began + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            is_counted = due - began >= WARM_UP_SECONDS
            group.create_task(_one(session, url, next(questions), due, found if is_counted else {}))
    return dict(sorted(found.items()))


async def _one(session: aiohttp.ClientSession, url: str, question: Question, due: float, found: dict[str, list[float]]) -> None:
    async with session.get(url + question.path) as answer:
        body = await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{question.path}: {answer.status} {body[:200]!r}")
    found.setdefault(question.kind, []).append(time.perf_counter() - due)


if __name__ == "__main__":
    main()
