"""Puts products into a running shop, through the front door of inventory."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER
from shop_kit.auth import TokenSigner, private_key
from shop_kit.aws.client import AwsClient
from shop_kit.aws.secrets import read_secret
from shop_kit.errors import KitError
from shop_kit.settings import AwsSettings

from shop_seeding.failing import SeedingFailed
from shop_seeding.products import CURRENCY, Product

SIGNING_SECRET = "edge-signing"  # noqa: S105  # nosec B105 # the name of a secret
CHUNK = 100
"""The most items inventory takes in one call."""
AT_ONCE = 4
TOKEN_SECONDS = 300
CALL_SECONDS = 30


@dataclass(frozen=True)
class Shop:
    """Where the parts of a running shop are that seeding needs: an inventory and the AWS emulator."""

    inventory: str
    aws: AwsSettings


def import_products(shop: Shop, products: Sequence[Product]) -> int:
    """Set name, price and units of each product, and return how many there are. Doing it again changes nothing, also after
    some were sold; an article that somebody has set otherwise since stays as they set it.

    Raises SeedingFailed.
    """
    try:
        return asyncio.run(_import(shop, products))
    except (aiohttp.ClientError, TimeoutError, KitError) as error:
        raise SeedingFailed(
            f"it broke off: {str(error) or type(error).__name__}. What was imported stays; doing it again is safe."
        ) from error


async def _import(shop: Shop, products: Sequence[Product]) -> int:
    headers = {"Authorization": f"Bearer {await _token(shop)}"}
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    free = asyncio.Semaphore(AT_ONCE)
    chunks = [products[start : start + CHUNK] for start in range(0, len(products), CHUNK)]
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        await asyncio.gather(*(_import_chunk(session, free, shop, chunk) for chunk in chunks))
    return len(products)


async def _import_chunk(session: aiohttp.ClientSession, free: asyncio.Semaphore, shop: Shop, chunk: Sequence[Product]) -> None:
    url = f"{shop.inventory}/v1/stock-imports"
    body = {"items": [_item(product) for product in chunk]}
    async with free, session.post(url, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}) as answer:
        if answer.status >= 400:
            told = _told(await answer.text())
            raise SeedingFailed(f"inventory answered {answer.status} to an import of {len(chunk)} products: {told}")


async def _token(shop: Shop) -> str:
    """Return a token as the edge signs them: whoever may read the sandbox's secret may write stock."""
    async with AwsClient.connect(shop.aws) as aws:
        secret = json.loads(await read_secret(aws, SIGNING_SECRET))
    signer = TokenSigner(private_key(secret["privateKeyPem"]), ISSUER)
    return signer.sign("seeding", audience=INTERNAL_AUDIENCE, scopes=["stock:write"], lifetime_seconds=TOKEN_SECONDS)


def _item(product: Product) -> dict[str, object]:
    price = {"currency": CURRENCY, "minorUnits": product.price_minor_units}
    return {"sku": product.sku, "name": product.name, "unitPrice": price, "stocked": product.quantity}


def _told(body: str) -> str:
    """Return what a problem+json document says with its first faults, else the beginning of the body."""
    try:
        problem = json.loads(body)
        faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors") or []]
        return "; ".join([str(problem.get("detail") or problem["title"]), *faults[:3]])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:200]
