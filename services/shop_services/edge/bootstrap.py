"""Puts the edge together: the only place that picks adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import redis.asyncio
import redis.exceptions
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shop_kit.auth import private_key
from shop_kit.aws.client import AwsClient
from shop_kit.aws.secrets import read_secret
from shop_kit.errors import Unavailable
from shop_kit.resilience.retry import Retry
from shop_kit.runtime import Runtime, run_service
from shop_kit.settings import AwsSettings, RuntimeSettings
from starlette.types import ASGIApp

from shop_services.edge.adapters.rest import FrontDoor, Limits
from shop_services.edge.adapters.services import HttpService
from shop_services.edge.adapters.tokens import EdgeTokens
from shop_services.edge.adapters.turnstile import RedisTurnstile
from shop_services.edge.domain.rate import RateLimit

REDIS_SECONDS = 0.25
"""How long a request may be held up for the sake of its rate limit."""


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge needs to know to start."""

    runtime: RuntimeSettings
    aws: AwsSettings
    redis_url: str
    shop_orders_url: str
    shop_inventory_url: str
    shop_secret_edge_signing: str
    shop_secret_edge_guests: str
    customer_requests_per_second: float = 50.0
    customer_burst: int = 100
    address_requests_per_second: float = 500.0
    """Of all visitors without a token from one address: a whole company may stand behind it."""
    address_burst: int = 1000
    trusted_proxies: int = 0

    def limits(self) -> Limits:
        """Return how often visitors may ask."""
        return Limits(
            customer=RateLimit(self.customer_requests_per_second, self.customer_burst),
            address=RateLimit(self.address_requests_per_second, self.address_burst),
            trusted_proxies=self.trusted_proxies,
        )


class SigningSecret(msgspec.Struct, rename="camel"):
    """The key pair as provisioning generates it."""

    private_key_pem: str


@asynccontextmanager
async def edge(runtime: Runtime, settings: EdgeSettings) -> AsyncIterator[ASGIApp]:
    """Run the parts of the edge around its HTTP application."""
    key, guest_secret = await read_secrets(runtime, settings)
    tokens = EdgeTokens(key, runtime.clock)
    async with AsyncExitStack() as parts:
        client = redis.asyncio.from_url(
            settings.redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, client_name="edge"
        )
        parts.push_async_callback(client.aclose)
        services = [
            await parts.enter_async_context(HttpService.connect(name, url, sign=tokens.internal, tracer=runtime.tracer))
            for name, url in (("orders", settings.shop_orders_url), ("inventory", settings.shop_inventory_url))
        ]
        orders, inventory = services
        turnstile = RedisTurnstile(client)
        door = FrontDoor(orders, inventory, tokens, turnstile, settings.limits(), guest_secret, runtime.stopping)

        async def redis_answers() -> None:
            try:
                await client.ping()
            except (redis.exceptions.RedisError, OSError) as trouble:
                raise Unavailable("redis", str(trouble) or type(trouble).__name__) from trouble

        # The services behind the door are not asked: without them it still answers, and says when to try again.
        yield runtime.http_app(door.routes(), readiness={"redis": redis_answers})


async def read_secrets(runtime: Runtime, settings: EdgeSettings) -> tuple[Ed25519PrivateKey, bytes]:
    """Return the key that signs tokens and the secret that guests are made up with, waiting for AWS where it is not there yet."""
    async with AwsClient.connect(settings.aws, metrics=runtime.metrics, tracer=runtime.tracer) as aws:
        signing = await Retry.patient().run(lambda: read_secret(aws, settings.shop_secret_edge_signing))
        guests = await Retry.patient().run(lambda: read_secret(aws, settings.shop_secret_edge_guests))
    return private_key(msgspec.json.decode(signing, type=SigningSecret).private_key_pem), guests.encode()


def main() -> None:
    """Run the edge."""
    run_service("edge", EdgeSettings, edge)
