"""The read model's tables, and what each event does to them.

The topics of catalog, pricing and inventory are read side by side, so what is told of one thing may come before what it belongs
to: a price before its article, a product before its category. Every event therefore writes what is known of its own key, and brings
up to date what is put together from several: `offers` (prices by product), `in_stock`, and the categories a product is found under.
"""

from __future__ import annotations

from collections.abc import Mapping
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

PUT_CATEGORY = """
INSERT INTO categories VALUES ($1, $2, $3)
ON CONFLICT (category_id) DO UPDATE SET names = excluded.names, path = excluded.path
"""
REMOVE_CATEGORY = "DELETE FROM categories WHERE category_id = $1"
MOVE_PRODUCTS = f"""
UPDATE products SET category_facets = {_CATEGORY_FACETS.format(category_ids="category_ids")} WHERE category_ids @> ARRAY[$1::text]
"""  # noqa: S608  # nosec B608 # constants
REPLACE_ARTICLES = """
WITH gone AS (DELETE FROM articles WHERE product_id = $1)
INSERT INTO articles SELECT $1, sku, place, options
FROM unnest($2::text[], $3::jsonb[]) WITH ORDINALITY AS told (sku, options, place)
"""
REPLACE_DOCUMENTS = """
WITH gone AS (DELETE FROM documents WHERE product_id = $1)
INSERT INTO documents
SELECT $1, language,
       setweight(to_tsvector(configuration, title), 'A') || setweight(to_tsvector(configuration, rest), 'B')
       || setweight(to_tsvector(configuration, description), 'D'),
       to_tsvector('simple', title)
FROM unnest($2::text[], $3::text[]::regconfig[], $4::text[], $5::text[], $6::text[])
     AS told (language, configuration, title, rest, description)
"""
PUT_PRODUCT = f"""
INSERT INTO products
VALUES ($1, $2, $3, $4, $5, $6, {_CATEGORY_FACETS.format(category_ids="$4::text[]")}, {_IN_STOCK.format(product_id="$1")})
ON CONFLICT (product_id) DO UPDATE SET
    title = excluded.title, brand = excluded.brand, category_ids = excluded.category_ids, picture = excluded.picture,
    facets = excluded.facets, category_facets = excluded.category_facets, in_stock = excluded.in_stock
"""  # noqa: S608  # nosec B608 # constants
REMOVE_PRODUCT = """
WITH documents AS (DELETE FROM documents WHERE product_id = $1),
     articles AS (DELETE FROM articles WHERE product_id = $1),
     offers AS (DELETE FROM offers WHERE product_id = $1)
DELETE FROM products WHERE product_id = $1
"""
REPLACE_PRICES = """
WITH gone AS (DELETE FROM prices WHERE sku = $1)
INSERT INTO prices SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::boolean[], $5::timestamptz[], $6::timestamptz[])
"""
_REPLACE_OFFERS = """
WITH mine AS MATERIALIZED ({product_ids}),
     gone AS (DELETE FROM offers WHERE product_id IN (SELECT product_id FROM mine))
INSERT INTO offers
SELECT product_id, currency, min(minor_units), valid_from, valid_until
FROM mine JOIN articles USING (product_id) JOIN prices USING (sku)
GROUP BY product_id, currency, valid_from, valid_until
"""
OFFERS_OF_PRODUCT = _REPLACE_OFFERS.format(product_ids="SELECT $1::text AS product_id")
OFFERS_OF_ARTICLE = _REPLACE_OFFERS.format(product_ids="SELECT DISTINCT product_id FROM articles WHERE sku = $1")
PUT_STOCK = "INSERT INTO stock VALUES ($1, $2) ON CONFLICT (sku) DO UPDATE SET level = excluded.level"
STOCK_PRODUCTS = f"""
UPDATE products SET in_stock = NOT in_stock
WHERE product_id IN (SELECT product_id FROM articles WHERE sku = $1)
  AND in_stock IS DISTINCT FROM {_IN_STOCK.format(product_id="products.product_id")}
"""  # noqa: S608  # nosec B608 # constants


async def apply(connection: Connection, received: Received[Any]) -> None:
    """Let one event have its effect."""
    match received.event:
        case CategoryEvent() as event:
            await _apply_category(connection, event)
        case ProductEvent() as event:
            await _apply_product(connection, event)
        case PriceEvent() as event:
            await connection.execute(REPLACE_PRICES, event.sku, *_columns([_price(one) for one in _for_everybody(event)], 5))
            await connection.execute(OFFERS_OF_ARTICLE, event.sku)
        case StockEvent() as event:
            await connection.execute(PUT_STOCK, event.sku, _LEVELS.get(event.stock_level_changed.level, "in-stock"))
            await connection.execute(STOCK_PRODUCTS, event.sku)


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


async def _apply_category(connection: Connection, event: CategoryEvent) -> None:
    if event.WhichOneof("kind") == "category_changed":
        category = event.category_changed.category
        await connection.execute(PUT_CATEGORY, event.category_id, _json(category.names), [*category.path])
    else:
        await connection.execute(REMOVE_CATEGORY, event.category_id)
    await connection.execute(MOVE_PRODUCTS, event.category_id)


async def _apply_product(connection: Connection, event: ProductEvent) -> None:
    match event.WhichOneof("kind"):
        case "product_published":
            await _put_product(connection, event.product_published.product)
        case "product_changed":
            await _put_product(connection, event.product_changed.product)
        case _:
            await connection.execute(REMOVE_PRODUCT, event.product_id)


async def _put_product(connection: Connection, product: Product) -> None:
    product_id = product.product_id
    options = [_json(variant.option_values) for variant in product.variants]
    await connection.execute(REPLACE_ARTICLES, product_id, [variant.sku for variant in product.variants], options)
    await connection.execute(REPLACE_DOCUMENTS, product_id, *_columns(_documents(product), 5))
    await connection.execute(
        PUT_PRODUCT,
        product_id,
        _json(product.title),
        _text(product.brand),
        [*product.category_ids],
        product.media[0].url if product.media else None,
        _facets(product),
    )
    await connection.execute(OFFERS_OF_PRODUCT, product_id)


def _documents(product: Product) -> list[tuple[object, ...]]:
    """Return what a product says in each of its languages: language, configuration, title, what else names it, description."""
    chosen = {value for variant in product.variants for value in variant.option_values.values()}
    rest = " ".join([product.brand, *sorted(chosen)])
    return [
        (language, configuration_of(language), _text(title), _text(rest), _text(product.description.get(language, "")))
        for language, title in sorted(product.title.items())
    ]


def _facets(product: Product) -> list[str]:
    chosen = {
        _text(f"{OPTION}{name}{UNIT}{value}") for variant in product.variants for name, value in variant.option_values.items()
    }
    return [*([_text(BRAND + product.brand)] if product.brand else []), *sorted(chosen)]


def _for_everybody(event: PriceEvent) -> list[Price]:
    """Return the prices that visitors see; those of customer groups are pricing's to tell."""
    return [price for price in event.prices_changed.prices if not price.customer_group]


def _price(price: Price) -> tuple[object, ...]:
    valid_from = _moment(price.valid_from) if price.HasField("valid_from") else None
    valid_until = _moment(price.valid_until) if price.HasField("valid_until") else None
    return (price.amount.currency_code, price.amount.minor_units, price.tax_included, valid_from, valid_until)


def _moment(timestamp: Any) -> datetime:
    found: datetime = timestamp.ToDatetime(UTC)
    return found


def _columns(rows: list[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(width)]


def _json(texts: Mapping[str, str]) -> str:
    return msgspec.json.encode({_text(name): _text(text) for name, text in texts.items()}).decode()


def _text(told: str) -> str:
    """Return a text as PostgreSQL can keep it: it has no place for NUL."""
    return told.replace("\0", "")
