"""Puts products into a running shop, through the front door of inventory."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER
from shop_kit.auth import TokenSigner, private_key
from shop_kit.aws.client import AwsClient
from shop_kit.aws.secrets import read_secret
from shop_kit.errors import KitError
from shop_kit.settings import AwsSettings

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.seeding.products import CURRENCY, Product

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
    aws_endpoint: str
    region: str

    @classmethod
    def found_in(cls, endpoints: Mapping[str, str], environment: Mapping[str, str]) -> Shop:
        """From what `status` reports. Raises ShopDevError (service_unreachable) naming what does not run."""
        missing = [name for name in ("inventory", "aws") if name not in endpoints]
        if missing:
            raise ShopDevError(
                CliCode.SERVICE_UNREACHABLE,
                f"Seeding needs {' and '.join(missing)}, and this sandbox does not run {'them' if len(missing) > 1 else 'it'}.",
                actions=("shop-dev up",),
            )
        return cls(endpoints["inventory"], environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"])


def import_products(shop: Shop, products: Sequence[Product]) -> int:
    """Set name, price and units of each product, and return how many there are. Doing it again changes nothing, also after
    some were sold; an article that somebody has set otherwise since stays as they set it.

    Raises ShopDevError: service_refused, service_unreachable.
    """
    try:
        return asyncio.run(_import(shop, products))
    except (aiohttp.ClientError, TimeoutError, KitError) as error:
        raise ShopDevError(
            CliCode.SERVICE_UNREACHABLE,
            f"Seeding broke off: {str(error) or type(error).__name__}. What was imported stays; doing it again is safe.",
            actions=("shop-dev status", "shop-dev seed"),
            retryable=True,
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
            raise ShopDevError(
                CliCode.SERVICE_REFUSED,
                f"inventory answered {answer.status} to an import of {len(chunk)} products: {_told(await answer.text())}",
                actions=("shop-dev logs inventory",),
                detail={"url": url, "status": answer.status},
            )


async def _token(shop: Shop) -> str:
    """Return a token as the edge signs them: whoever may read the sandbox's secret may write stock."""
    settings = AwsSettings(
        aws_region=shop.region,
        aws_endpoint_url=shop.aws_endpoint,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106  # nosec B106 # a dummy; the emulator accepts anything
    )
    async with AwsClient.connect(settings) as aws:
        secret = json.loads(await read_secret(aws, SIGNING_SECRET))
    signer = TokenSigner(private_key(secret["privateKeyPem"]), ISSUER)
    return signer.sign("shop-dev", audience=INTERNAL_AUDIENCE, scopes=["stock:write"], lifetime_seconds=TOKEN_SECONDS)


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
