"""What is asked of the read model, as SQL: one statement a search, whose parts all see the same products.

`{schema}` is where the live generation's tables are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shop_services.search.adapters.projection import BRAND, CATEGORY, OPTION, UNIT
from shop_services.search.domain.seeking import Sort, Wish, configuration_of

MOST_VALUES = 100
"""The most values of all facets that are counted out, the most frequent ones first."""
NO_PRICE = 10**15
"""Where what has no price stands when prices decide the order: behind all others."""


@dataclass
class _Parts:
    """A statement under way: its conditions, and the parameters that they name."""

    parameters: list[object] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)

    def parameter(self, value: object) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def where(self) -> str:
        return f"WHERE {' AND '.join(self.conditions)}" if self.conditions else ""


def searching(wish: Wish, *, now: datetime) -> tuple[str, Sequence[object]]:
    """Return the statement that finds what a wish asks for, with its parameters.

    It gives one row of JSON: `total`, `facets` (how many by entry), `categories` (the names of those in facets), and `page`, which
    has one product more than was asked for when there are more.
    """
    parts = _Parts()
    source = "{schema}.products AS p"
    rank = "0"
    if wish.words:
        configuration = parts.parameter(configuration_of(wish.language))
        query = f"websearch_to_tsquery({configuration}::text::regconfig, {parts.parameter(wish.words)})"
        source = f"{{schema}}.documents AS d JOIN {source} USING (product_id)"
        parts.conditions += [f"d.language = {parts.parameter(wish.language)}", f"d.words @@ {query}"]
        rank = f"-ts_rank_cd(d.words, {query})"
    currency, moment = parts.parameter(wish.currency), parts.parameter(now)
    if wish.asks_for_prices:
        source += _offered(wish, f"currency = {currency} AND {_holds(moment)}")
    _narrow(wish, parts)
    behind = ""
    if wish.behind:
        behind = f"WHERE (key, product_id) > ({parts.parameter(wish.behind.key)}, {parts.parameter(wish.behind.product_id)})"
    statement = f"""
    WITH hits AS MATERIALIZED (
        SELECT p.product_id, {_key(wish, parts, rank)} AS key, p.facets, p.category_facets FROM {source} {parts.where()}
    ),
    counted AS (
        SELECT entry, count(*) AS products FROM hits, unnest(facets || category_facets) AS entry
        GROUP BY entry ORDER BY products DESC, entry LIMIT {MOST_VALUES}
    ),
    page AS (
        SELECT product_id, key FROM hits {behind} ORDER BY key, product_id LIMIT {parts.parameter(wish.limit + 1)}
    )
    SELECT json_build_object(
        'total', (SELECT count(*) FROM hits),
        'facets', (SELECT coalesce(json_agg(json_build_array(entry, products)), '[]') FROM counted),
        'categories', (
            SELECT coalesce(json_object_agg(category_id, names), '{{}}') FROM {{schema}}.categories
            WHERE '{CATEGORY}' || category_id IN (SELECT entry FROM counted)
        ),
        'page', (
            SELECT coalesce(json_agg(json_build_object(
                'key', key, 'id', product_id, 'title', title, 'brand', brand, 'categoryIds', category_ids, 'picture', picture,
                'articles', {_articles(currency, moment)}
            ) ORDER BY key, product_id), '[]') FROM page JOIN {{schema}}.products USING (product_id)
        )
    ) AS found
    """  # noqa: S608  # nosec B608 # parts are constants, what comes from outside is parameters
    return statement, parts.parameters


# Brands are few, products many: the index is asked for one brand after another.
SUGGESTING = """
WITH RECURSIVE brands AS (
    SELECT min(brand) AS brand FROM {schema}.products
    UNION ALL
    SELECT (SELECT min(p.brand) FROM {schema}.products AS p WHERE p.brand > brands.brand) FROM brands WHERE brands.brand IS NOT NULL
)
SELECT kind, text, id FROM (
    (SELECT 0 AS place, 'category' AS kind, coalesce(names ->> $2, names ->> 'en') AS text, category_id AS id
     FROM {schema}.categories WHERE to_tsvector('simple', coalesce(names ->> $2, names ->> 'en', '')) @@ to_tsquery('simple', $1)
     ORDER BY text, category_id LIMIT $3)
    UNION ALL
    (SELECT 1, 'brand', brand, NULL FROM brands
     WHERE to_tsvector('simple', brand) @@ to_tsquery('simple', $1) ORDER BY brand LIMIT $3)
    UNION ALL
    (SELECT 2, 'product', title ->> $2, product_id
     FROM (SELECT product_id FROM {schema}.documents WHERE language = $2 AND spelt @@ to_tsquery('simple', $1) LIMIT 200) AS begun
     JOIN {schema}.products USING (product_id) ORDER BY in_stock DESC, title ->> $2, product_id LIMIT $3)
) AS suggested ORDER BY place, text, id LIMIT $3
"""


def _key(wish: Wish, parts: _Parts, rank: str) -> str:
    """Return the expression that products are ordered by, lowest first."""
    match wish.sort:
        case Sort.PRICE_UP:
            return f"coalesce(offered.minor_units, {NO_PRICE})::double precision"
        case Sort.PRICE_DOWN:
            return f"coalesce(-offered.minor_units, {NO_PRICE})::double precision"
        case Sort.TITLE:
            return f"lower(coalesce(p.title ->> {parts.parameter(wish.language)}, p.title ->> 'en', '')) COLLATE \"C\""
        case _:
            return f"({rank})::double precision"


def _offered(wish: Wish, condition: str) -> str:
    """Return the join with the lowest price of each product: looked up for some of them, or put together once for nearly all."""
    if wish.words or wish.category_id or wish.brands or wish.option_groups:
        return f""" CROSS JOIN LATERAL (
            SELECT min(minor_units) AS minor_units FROM {{schema}}.offers WHERE offers.product_id = p.product_id AND {condition}
        ) AS offered"""  # noqa: S608  # nosec B608 # as above
    return f""" LEFT JOIN (
        SELECT product_id, min(minor_units) AS minor_units FROM {{schema}}.offers WHERE {condition} GROUP BY product_id
    ) AS offered ON offered.product_id = p.product_id"""  # noqa: S608  # nosec B608 # as above


def _narrow(wish: Wish, parts: _Parts) -> None:
    conditions, parameter = parts.conditions, parts.parameter
    if wish.category_id:
        conditions.append(f"p.category_facets @> ARRAY[{parameter(CATEGORY + wish.category_id)}::text]")
    if wish.brands:
        conditions.append(f"p.facets && {parameter([BRAND + brand for brand in wish.brands])}::text[]")
    for group in wish.option_groups:
        conditions.append(f"p.facets && {parameter([f'{OPTION}{name}{UNIT}{value}' for name, value in group])}::text[]")
    if wish.only_in_stock:
        conditions.append("p.in_stock")
    if wish.price_from is not None:
        conditions.append(f"offered.minor_units >= {parameter(wish.price_from)}::bigint")
    if wish.price_to is not None:
        conditions.append(f"offered.minor_units <= {parameter(wish.price_to)}::bigint")


def _holds(moment: str) -> str:
    """Return the condition that a price holds at a moment: its beginning belongs to it, its end does not."""
    at = f"{moment}::timestamptz"
    return f"(valid_from IS NULL OR valid_from <= {at}) AND (valid_until IS NULL OR valid_until > {at})"


def _articles(currency: str, moment: str) -> str:
    """Return the articles of a product of `page`, each with its lowest price and its level."""
    return f"""(
        SELECT coalesce(json_agg(json_build_object(
            'sku', a.sku, 'options', a.options, 'level', stock.level,
            'minorUnits', price.minor_units, 'taxIncluded', price.tax_included
        ) ORDER BY a.place), '[]')
        FROM {{schema}}.articles AS a LEFT JOIN {{schema}}.stock USING (sku)
        LEFT JOIN LATERAL (
            SELECT minor_units, tax_included FROM {{schema}}.prices
            WHERE prices.sku = a.sku AND currency = {currency} AND {_holds(moment)} ORDER BY minor_units LIMIT 1
        ) AS price ON true
        WHERE a.product_id = page.product_id
    )"""  # noqa: S608  # nosec B608 # parts are constants
