"""Puts the edge together: the only place that picks adapters."""

from __future__ import annotations

import msgspec
from shop_kit.auth import private_key
from shop_kit.rate_limits import RateLimit, RedisRateLimiter
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, RuntimeSettings

from shop_services.edge.adapters.gate import Limits
from shop_services.edge.adapters.rest import EdgeApi
from shop_services.edge.adapters.services import HttpService
from shop_services.edge.adapters.tokens import EdgeTokens


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


async def edge(service: Service, settings: EdgeSettings) -> None:
    """Compose the edge."""
    signing = msgspec.json.decode(await service.secret(settings.aws, settings.shop_secret_edge_signing), type=SigningSecret)
    guest_secret = (await service.secret(settings.aws, settings.shop_secret_edge_guests)).encode()
    tokens = EdgeTokens(private_key(signing.private_key_pem), service.clock)
    orders, inventory = [
        await service.enter(HttpService.connect(name, url, sign=tokens.internal, tracer=service.tracer))
        for name, url in (("orders", settings.shop_orders_url), ("inventory", settings.shop_inventory_url))
    ]
    limiter = await service.enter(RedisRateLimiter.connect(settings.redis_url, prefix="edge:rate", metrics=service.metrics))
    # Nothing is asked: without Redis nobody is counted, and without the services the door still says when to try again.
    door = EdgeApi(orders, inventory, tokens, limiter, settings.limits(), guest_secret, service.shutdown.begun)
    service.serves(door.routes())


def main() -> None:
    """Run the edge."""
    run_service("edge", EdgeSettings, edge)
