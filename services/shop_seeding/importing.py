"""Puts products with stock and prices, and customers, into a running shop, through the front doors of its services."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from shop_kit.aws.client import AwsClient
from shop_kit.errors import KitError
from shop_kit.settings import AwsSettings

from shop_seeding.calls import Caller, calling
from shop_seeding.catalog_lines import categories, product_line
from shop_seeding.customers import Customer
from shop_seeding.failing import SeedingFailed
from shop_seeding.offers import COUPONS, promotions
from shop_seeding.price_tags import PRICE_LISTS, price_tag
from shop_seeding.products import Article, Product
from shop_seeding.registering import UserPool, register

CHUNK = 90
"""Items in one call: as many as inventory and pricing write in one transaction."""


@dataclass(frozen=True)
class Shop:
    """Where the parts of a running shop are that seeding needs: catalog, inventory, pricing, identity and the AWS emulator."""

    catalog: str
    inventory: str
    pricing: str
    identity: str
    aws: AwsSettings
    tls: ssl.SSLContext | None = None
    """What services are shown that answer known certificates only."""


def import_everything(shop: Shop, products: Sequence[Product], customers: Sequence[Customer]) -> int:
    """Set each product with its units and prices, register the customers, and return how many products there are. Doing it again
    changes nothing, also after some were sold; what somebody has set otherwise since stays as they set it.

    Raises SeedingFailed.
    """
    try:
        asyncio.run(_import(shop, products, customers))
    except (aiohttp.ClientError, TimeoutError, KitError) as error:
        raise SeedingFailed(
            f"it broke off: {str(error) or type(error).__name__}. What was imported stays; doing it again is safe."
        ) from error
    return len(products)


async def _import(shop: Shop, products: Sequence[Product], customers: Sequence[Customer]) -> None:
    articles = [article for product in products for article in product.articles]
    async with calling(shop.aws, shop.tls) as caller, AwsClient.connect(shop.aws) as aws:
        await asyncio.gather(
            register(caller, shop.identity, await UserPool.find(aws), customers),
            _import_catalog(caller.apart(), shop.catalog, products),
            _import_stock(caller.apart(), shop.inventory, articles),
            _import_prices(caller.apart(), shop.pricing, articles),
            _import_offers(caller.apart(), shop.pricing, articles),
        )


async def _import_catalog(caller: Caller, catalog: str, products: Sequence[Product]) -> None:
    for category in categories():  # one after another: a parent must be there before what is below it
        await caller.put_new(f"{catalog}/v1/categories/{category.id}", category.body(), what=f"the category {category.name.en}")
    # A category counts its products: those of one that come together are counted once.
    together = sorted(products, key=lambda product: product.thing.category.en)
    for report in await _in_chunks(caller, f"{catalog}/v1/product-imports", [product_line(product) for product in together]):
        for refused in report["refused"]:
            if faults := [fault for fault in refused["errors"] if fault["field"] != "$.revision"]:
                raise SeedingFailed(f"the catalog refused {refused['id']}: {faults[0]['field']} {faults[0]['message']}")


async def _import_stock(caller: Caller, inventory: str, articles: Sequence[Article]) -> None:
    await _in_chunks(caller, f"{inventory}/v1/stock-imports", [_item(article) for article in articles])


async def _import_prices(caller: Caller, pricing: str, articles: Sequence[Article]) -> None:
    lists = PRICE_LISTS.items()
    await asyncio.gather(
        *(caller.put_new(f"{pricing}/v1/price-lists/{name}", terms, what=f"the price list {name}") for name, terms in lists)
    )
    await _in_chunks(caller, f"{pricing}/v1/price-imports", [price_tag(article) for article in articles])


async def _import_offers(caller: Caller, pricing: str, articles: Sequence[Article]) -> None:
    """Make promotions, then the coupons that ask for them."""
    for kind, offered in (("promotions", promotions(articles)), ("coupons", COUPONS)):
        await asyncio.gather(
            *(caller.put_new(f"{pricing}/v1/{kind}/{name}", terms, what=f"{kind} {name}") for name, terms in offered.items())
        )


async def _in_chunks(caller: Caller, url: str, items: Sequence[Mapping[str, object]]) -> Sequence[Mapping[str, Any]]:
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
    what = "an import of {} items"
    answers = await asyncio.gather(*(caller.post(url, {"items": chunk}, what=what.format(len(chunk))) for chunk in chunks))
    return [*answers]


def _item(article: Article) -> dict[str, object]:
    return {"sku": article.sku, "stocked": article.quantity}
