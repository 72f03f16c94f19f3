"""Puts the edge together: the only place that picks adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import msgspec
from shop_kit.auth import RSA_ALGORITHM, JwksKeys, signing_key
from shop_kit.changing_values import ChangingValue, parameter
from shop_kit.clock import Clock
from shop_kit.rate_limits import RedisRateLimiter
from shop_kit.resilience.calls import GuardedCalls
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, RuntimeSettings

from shop_services.edge.adapters.gate import Limits
from shop_services.edge.adapters.quotes import CONTRACT, GrpcQuotes, QuoteRoutes
from shop_services.edge.adapters.rest import EdgeApi
from shop_services.edge.adapters.services import HttpService
from shop_services.edge.adapters.tokens import EdgeTokens
from shop_services.edge.adapters.user_pool import UserPoolTokens
from shop_services.edge.adapters.visitor_limits import VisitorLimits
from shop_services.edge.application.ports import Services

LIMITS_SECONDS = 5.0
"""How soon after somebody has set other limits they hold."""


class UserPoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens of customers and machines are taken."""

    shop_user_pool_customers_issuer: str
    shop_user_pool_customers_jwks_url: str
    shop_user_pool_customers_client_web: str
    shop_user_pool_customers_client_back_office: str

    def tokens(self, clock: Clock, calls: GuardedCalls) -> UserPoolTokens:
        """Return what verifies them."""
        return UserPoolTokens(
            JwksKeys(self.shop_user_pool_customers_jwks_url, algorithm=RSA_ALGORITHM, calls=calls),
            issuer=self.shop_user_pool_customers_issuer,
            customers=[self.shop_user_pool_customers_client_web],
            machines=[self.shop_user_pool_customers_client_back_office],
            clock=clock,
        )


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge needs to know to start."""

    runtime: RuntimeSettings
    aws: AwsSettings
    redis_url: str
    shop_orders_url: str
    shop_inventory_url: str
    shop_identity_url: str
    shop_catalog_url: str
    shop_pricing_url: str
    shop_pricing_grpc_address: str
    shop_cart_url: str
    shop_search_url: str
    pool: UserPoolSettings
    shop_secret_edge_signing: str
    shop_secret_edge_guests: str
    shop_parameter_shop_edge_limits: str
    trusted_proxies: int = 0

    def services(self) -> dict[str, str]:
        """Return where each service behind the door is."""
        return {one.name: getattr(self, f"shop_{one.name}_url") for one in fields(Services)}


async def _behind(service: Service, tokens: EdgeTokens, name: str, url: str) -> HttpService:
    """Return the connection to a service, which is called as the manifest declares."""
    calls = service.calls(name)
    return await service.enter(HttpService.connect(calls, url, sign=tokens.internal, tracer=service.tracer, tls=service.tls))


async def _limits(service: Service, settings: EdgeSettings) -> Callable[[], Limits]:
    """Return what says how often visitors may ask. It is looked at again while the service runs."""
    source = parameter(await service.aws(settings.aws), settings.shop_parameter_shop_edge_limits)
    value = ChangingValue("edge-limits", source, VisitorLimits, default=VisitorLimits(), clock=service.clock)
    service.repeats(value.refresh, name="limits", every_seconds=LIMITS_SECONDS)
    return lambda: value.current.limits(trusted_proxies=settings.trusted_proxies)


async def edge(service: Service, settings: EdgeSettings) -> None:
    """Compose the edge."""
    signing = signing_key(await service.secret(settings.aws, settings.shop_secret_edge_signing))
    guest_secret = (await service.secret(settings.aws, settings.shop_secret_edge_guests)).encode()
    pool = settings.pool
    others = {pool.shop_user_pool_customers_issuer: pool.tokens(service.clock, service.calls("customers"))}
    tokens = EdgeTokens(signing, service.clock, others)
    services = Services(**{name: await _behind(service, tokens, name, url) for name, url in settings.services().items()})
    limiter = await service.enter(RedisRateLimiter.connect(settings.redis_url, prefix="edge:rate", metrics=service.metrics))
    pricing = await service.grpc_client("pricing", CONTRACT, settings.shop_pricing_grpc_address)
    quotes = QuoteRoutes(services.pricing, services.cart, GrpcQuotes(pricing, tokens.internal))
    # Nothing is asked: without Redis nobody is counted, and without the services the door still says when to try again.
    limits, closing = await _limits(service, settings), service.shutdown.begun
    door = EdgeApi(services, quotes, tokens, limiter, limits, guest_secret, closing, service.resilience, service.metrics)
    service.serves(door.routes())


def main() -> None:
    """Run the edge."""
    run_service("edge", EdgeSettings, edge)
