"""The read model's tables, and what each event does to them.

The topics of catalog, pricing and inventory are read side by side, so what is told of one thing may come before what it belongs
to: a price before its article, a product before its category. Every event therefore writes what is known of its own key, and brings
up to date what is put together from several: `offers` (prices by product), `in_stock`, and the categories a product is found under.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from shop_contracts.proto.catalog.v1.categories_pb2 import CategoryEvent
from shop_contracts.proto.catalog.v1.products_pb2 import Product, ProductEvent
from shop_contracts.proto.inventory.v1.stock_pb2 import StockEvent
from shop_contracts.proto.pricing.v1.prices_pb2 import Price, PriceEvent
from shop_kit.messages import Received
from shop_kit.projections import Feed, Projection

from shop_services.search.domain.seeking import configuration_of

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

Row = Mapping[str, Any]
NAME = "search"
FORM = 1
BRAND, OPTION, CATEGORY = "b:", "o:", "c:"
"""How the entries of `facets` and `category_facets` begin."""
UNIT = "\x1f"
"""What parts the name of an option from its value there: ASCII's unit separator."""

TABLES = """
CREATE TABLE categories (category_id text PRIMARY KEY, names jsonb NOT NULL, path text[] NOT NULL);
CREATE TABLE products (
    product_id text PRIMARY KEY, title jsonb NOT NULL, brand text NOT NULL, category_ids text[] NOT NULL, picture text,
    facets text[] NOT NULL, category_facets text[] NOT NULL, in_stock boolean NOT NULL
);
CREATE INDEX ON products USING gin (category_ids);
CREATE INDEX ON products USING gin (category_facets);
CREATE INDEX ON products USING gin (facets);
CREATE INDEX ON products (brand);
-- What a product says in one language: with stems for finding, and as it is spelt for suggestions.
CREATE TABLE documents (product_id text NOT NULL, language text NOT NULL, words tsvector NOT NULL, spelt tsvector NOT NULL);
CREATE INDEX ON documents (product_id);
CREATE INDEX ON documents USING gin (words);
CREATE INDEX ON documents USING gin (spelt);
-- A SKU may move from one product to another, whose events come in any order: so it is no key.
CREATE TABLE articles (product_id text NOT NULL, sku text NOT NULL, place integer NOT NULL, options jsonb NOT NULL);
CREATE INDEX ON articles (product_id);
CREATE INDEX ON articles (sku);
CREATE TABLE prices (
    sku text NOT NULL, currency text NOT NULL, minor_units bigint NOT NULL, tax_included boolean NOT NULL,
    valid_from timestamptz, valid_until timestamptz
);
CREATE INDEX ON prices (sku);
CREATE TABLE offers (
    product_id text NOT NULL, currency text NOT NULL, minor_units bigint NOT NULL, valid_from timestamptz, valid_until timestamptz
);
CREATE INDEX ON offers (product_id);
CREATE TABLE stock (sku text PRIMARY KEY, level text NOT NULL);
"""

_CATEGORY_FACETS = """
(SELECT coalesce(array_agg(DISTINCT 'c:' || id ORDER BY 'c:' || id), ARRAY[]::text[])
 FROM categories, unnest(path) AS id WHERE category_id = ANY({category_ids}))
"""
_IN_STOCK = (
    "EXISTS (SELECT FROM articles JOIN stock USING (sku) WHERE articles.product_id = {product_id} AND level <> 'out-of-stock')"
)

# Each takes rows as one JSON array, so that one statement does for all of a batch.
PUT_CATEGORIES = """
INSERT INTO categories SELECT * FROM jsonb_to_recordset($1) AS told (category_id text, names jsonb, path text[])
ON CONFLICT (category_id) DO UPDATE SET names = excluded.names, path = excluded.path
"""
REMOVE_CATEGORIES = "DELETE FROM categories WHERE category_id = ANY($1::text[])"
MOVE_PRODUCTS = f"""
UPDATE products SET category_facets = {_CATEGORY_FACETS.format(category_ids="category_ids")} WHERE category_ids && $1::text[]
"""  # noqa: S608  # nosec B608 # constants
REMOVE_PARTS = """
WITH documents AS (DELETE FROM documents WHERE product_id = ANY($1::text[]))
DELETE FROM articles WHERE product_id = ANY($1::text[])
"""
REMOVE_PRODUCTS = "DELETE FROM products WHERE product_id = ANY($1::text[])"
PUT_ARTICLES = """
INSERT INTO articles SELECT * FROM jsonb_to_recordset($1) AS told (product_id text, sku text, place integer, options jsonb)
"""
PUT_DOCUMENTS = """
INSERT INTO documents
SELECT product_id, language,
       setweight(to_tsvector(configuration, title), 'A') || setweight(to_tsvector(configuration, rest), 'B')
       || setweight(to_tsvector(configuration, description), 'D'),
       to_tsvector('simple', title)
FROM jsonb_to_recordset($1)
     AS told (product_id text, language text, configuration regconfig, title text, rest text, description text)
"""
PUT_PRODUCTS = f"""
INSERT INTO products
SELECT product_id, title, brand, category_ids, picture, facets, {_CATEGORY_FACETS.format(category_ids="told.category_ids")}, false
FROM jsonb_to_recordset($1)
     AS told (product_id text, title jsonb, brand text, category_ids text[], picture text, facets text[])
ON CONFLICT (product_id) DO UPDATE SET
    title = excluded.title, brand = excluded.brand, category_ids = excluded.category_ids, picture = excluded.picture,
    facets = excluded.facets, category_facets = excluded.category_facets
"""  # noqa: S608  # nosec B608 # constants
REMOVE_PRICES = "DELETE FROM prices WHERE sku = ANY($1::text[])"
PUT_PRICES = """
INSERT INTO prices SELECT * FROM jsonb_to_recordset($1) AS told (
    sku text, currency text, minor_units bigint, tax_included boolean, valid_from timestamptz, valid_until timestamptz
)
"""
PUT_STOCK = """
INSERT INTO stock SELECT * FROM jsonb_to_recordset($1) AS told (sku text, level text)
ON CONFLICT (sku) DO UPDATE SET level = excluded.level
"""
PRODUCTS_OF = "SELECT DISTINCT product_id FROM articles WHERE sku = ANY($1::text[])"
REMOVE_OFFERS = "DELETE FROM offers WHERE product_id = ANY($1::text[])"
PUT_OFFERS = """
INSERT INTO offers
SELECT product_id, currency, min(minor_units), valid_from, valid_until
FROM articles JOIN prices USING (sku) WHERE product_id = ANY($1::text[])
GROUP BY product_id, currency, valid_from, valid_until
"""
STOCK_PRODUCTS = f"""
UPDATE products SET in_stock = NOT in_stock
WHERE product_id = ANY($1::text[]) AND in_stock IS DISTINCT FROM {_IN_STOCK.format(product_id="products.product_id")}
"""  # noqa: S608  # nosec B608 # constants


async def apply(connection: Connection, events: Sequence[Received[Any]]) -> None:
    """Let events have their effect. Each tells all of its key, so of those of one key the last one counts."""
    newest = {(one.topic, one.key): one.event for one in events}
    categories: list[CategoryEvent] = []
    products: list[ProductEvent] = []
    prices: list[PriceEvent] = []
    stock: list[StockEvent] = []
    for event in newest.values():
        match event:
            case CategoryEvent():
                categories.append(event)
            case ProductEvent():
                products.append(event)
            case PriceEvent():
                prices.append(event)
            case StockEvent():
                stock.append(event)
    await _apply_categories(connection, categories)
    await _apply_products(connection, products)
    await _apply_prices(connection, prices)
    await _apply_stock(connection, stock)
    of_products = [event.product_id for event in products]
    priced = [*of_products, *await _products_of(connection, [event.sku for event in prices])]
    stocked = [*of_products, *await _products_of(connection, [event.sku for event in stock])]
    if priced:
        await connection.execute(REMOVE_OFFERS, priced)
        await connection.execute(PUT_OFFERS, priced)
    if stocked:
        await connection.execute(STOCK_PRODUCTS, stocked)


_LEVELS = {1: "in-stock", 2: "low", 3: "out-of-stock"}

PROJECTION = Projection(
    NAME,
    FORM,
    [
        Feed("shop.catalog.categories.v1", CategoryEvent),
        Feed("shop.catalog.products.v1", ProductEvent),
        Feed("shop.pricing.prices.v1", PriceEvent),
        Feed("shop.inventory.stock.v1", StockEvent),
    ],
    TABLES,
    apply,
)


async def _apply_categories(connection: Connection, events: Sequence[CategoryEvent]) -> None:
    if not events:
        return
    changed = [event.category_changed.category for event in events if event.WhichOneof("kind") == "category_changed"]
    ids = [event.category_id for event in events]
    await connection.execute(REMOVE_CATEGORIES, [*{*ids} - {one.category_id for one in changed}])
    rows = [{"category_id": one.category_id, "names": _texts(one.names), "path": [*one.path]} for one in changed]
    await connection.execute(PUT_CATEGORIES, _json(rows))
    await connection.execute(MOVE_PRODUCTS, ids)


async def _apply_products(connection: Connection, events: Sequence[ProductEvent]) -> None:
    if not events:
        return
    ids = [event.product_id for event in events]
    shown = [product for event in events if (product := _shown(event)) is not None]
    await connection.execute(REMOVE_PARTS, ids)
    await connection.execute(REMOVE_PRODUCTS, [*{*ids} - {one.product_id for one in shown}])
    await connection.execute(PUT_ARTICLES, _json([row for product in shown for row in _articles(product)]))
    await connection.execute(PUT_DOCUMENTS, _json([row for product in shown for row in _documents(product)]))
    await connection.execute(PUT_PRODUCTS, _json([_row(product) for product in shown]))


def _shown(event: ProductEvent) -> Product | None:
    match event.WhichOneof("kind"):
        case "product_published":
            return event.product_published.product
        case "product_changed":
            return event.product_changed.product
        case _:
            return None


async def _apply_prices(connection: Connection, events: Sequence[PriceEvent]) -> None:
    if events:
        await connection.execute(REMOVE_PRICES, [event.sku for event in events])
        await connection.execute(PUT_PRICES, _json([_price(event.sku, one) for event in events for one in _for_everybody(event)]))


async def _apply_stock(connection: Connection, events: Sequence[StockEvent]) -> None:
    if events:
        rows = [{"sku": event.sku, "level": _LEVELS.get(event.stock_level_changed.level, "in-stock")} for event in events]
        await connection.execute(PUT_STOCK, _json(rows))


async def _products_of(connection: Connection, skus: Sequence[str]) -> list[str]:
    return [row["product_id"] for row in await connection.fetch(PRODUCTS_OF, skus)] if skus else []


def _row(product: Product) -> Row:
    return {
        "product_id": product.product_id,
        "title": _texts(product.title),
        "brand": _text(product.brand),
        "category_ids": [*product.category_ids],
        "picture": product.media[0].url if product.media else None,
        "facets": _facets(product),
    }


def _articles(product: Product) -> Iterator[Row]:
    for place, variant in enumerate(product.variants, start=1):
        yield {"product_id": product.product_id, "sku": variant.sku, "place": place, "options": _texts(variant.option_values)}


def _documents(product: Product) -> Iterator[Row]:
    """Yield what a product says in each of its languages: title, what else names it, description."""
    chosen = {value for variant in product.variants for value in variant.option_values.values()}
    rest = " ".join([product.brand, *sorted(chosen)])
    for language, title in sorted(product.title.items()):
        yield {
            "product_id": product.product_id,
            "language": language,
            "configuration": configuration_of(language),
            "title": _text(title),
            "rest": _text(rest),
            "description": _text(product.description.get(language, "")),
        }


def _facets(product: Product) -> list[str]:
    chosen = {
        _text(f"{OPTION}{name}{UNIT}{value}") for variant in product.variants for name, value in variant.option_values.items()
    }
    return [*([_text(BRAND + product.brand)] if product.brand else []), *sorted(chosen)]


def _for_everybody(event: PriceEvent) -> list[Price]:
    """Return the prices that visitors see; those of customer groups are pricing's to tell."""
    return [price for price in event.prices_changed.prices if not price.customer_group]


def _price(sku: str, price: Price) -> Row:
    return {
        "sku": sku,
        "currency": price.amount.currency_code,
        "minor_units": price.amount.minor_units,
        "tax_included": price.tax_included,
        "valid_from": _moment(price.valid_from) if price.HasField("valid_from") else None,
        "valid_until": _moment(price.valid_until) if price.HasField("valid_until") else None,
    }


def _moment(timestamp: Any) -> datetime:
    found: datetime = timestamp.ToDatetime(UTC)
    return found


def _json(rows: Sequence[Row]) -> str:
    return msgspec.json.encode(rows).decode()


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in texts.items()}


def _text(told: str) -> str:
    """Return a text as PostgreSQL can keep it: it has no place for NUL."""
    return told.replace("\0", "")
