"""Puts products and their prices into a running shop, through the front doors of inventory and pricing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from shop_kit.errors import KitError
from shop_kit.settings import AwsSettings

from shop_seeding.calls import Caller, calling
from shop_seeding.failing import SeedingFailed
from shop_seeding.price_tags import PRICE_LISTS, price_tag
from shop_seeding.products import CURRENCY, Product

CHUNK = 100
"""The most items that inventory and pricing take in one call."""


@dataclass(frozen=True)
class Shop:
    """Where the parts of a running shop are that seeding needs: inventory, pricing and the AWS emulator."""

    inventory: str
    pricing: str
    aws: AwsSettings


def import_products(shop: Shop, products: Sequence[Product]) -> int:
    """Set name, units and prices of each product, and return how many there are. Doing it again changes nothing, also after
    some were sold; what somebody has set otherwise since stays as they set it.

    Raises SeedingFailed.
    """
    try:
        asyncio.run(_import(shop, products))
    except (aiohttp.ClientError, TimeoutError, KitError) as error:
        raise SeedingFailed(
            f"it broke off: {str(error) or type(error).__name__}. What was imported stays; doing it again is safe."
        ) from error
    return len(products)


async def _import(shop: Shop, products: Sequence[Product]) -> None:
    async with calling(shop.aws) as caller:
        await asyncio.gather(_import_stock(caller, shop.inventory, products), _import_prices(caller, shop.pricing, products))


async def _import_stock(caller: Caller, inventory: str, products: Sequence[Product]) -> None:
    await _in_chunks(caller, f"{inventory}/v1/stock-imports", [_item(product) for product in products])


async def _import_prices(caller: Caller, pricing: str, products: Sequence[Product]) -> None:
    lists = PRICE_LISTS.items()
    await asyncio.gather(
        *(caller.put_new(f"{pricing}/v1/price-lists/{name}", terms, what=f"the price list {name}") for name, terms in lists)
    )
    await _in_chunks(caller, f"{pricing}/v1/price-imports", [price_tag(product) for product in products])


async def _in_chunks(caller: Caller, url: str, items: Sequence[Mapping[str, object]]) -> None:
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
    await asyncio.gather(*(caller.post(url, {"items": chunk}, what=f"an import of {len(chunk)} products") for chunk in chunks))


def _item(product: Product) -> dict[str, object]:
    price = {"currency": CURRENCY, "minorUnits": product.price_minor_units}
    return {"sku": product.sku, "name": product.name, "unitPrice": price, "stocked": product.quantity}
