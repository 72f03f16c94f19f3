"""Puts carts together: the only place that picks adapters."""

from __future__ import annotations

from functools import partial

import msgspec
from shop_contracts import tokens
from shop_kit import redis
from shop_kit.aws.dynamo import Dynamo
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings

from shop_services.cart.adapters.cached_carts import ANSWER_SECONDS, CachedCarts
from shop_services.cart.adapters.cart_table import DynamoCarts
from shop_services.cart.adapters.erasures import erasures
from shop_services.cart.adapters.pricing import SERVICE, GrpcPrices
from shop_services.cart.adapters.recent_prices import RecentPrices
from shop_services.cart.adapters.rest import CartApi
from shop_services.cart.application.filling import Filling


class CartSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What carts need to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    aws: AwsSettings
    redis_url: str
    shop_table_carts: str
    shop_pricing_grpc_address: str
    shop_edge_url: str | None = None


async def cart(service: Service, settings: CartSettings) -> None:
    """Compose carts. Redis need not be there: without it carts are read from their table."""
    dynamo = Dynamo(await service.aws(settings.aws))
    service.ready("dynamodb", partial(dynamo.check, settings.shop_table_carts))
    client = await service.enter(redis.connect(settings.redis_url, name="cart", answer_seconds=ANSWER_SECONDS))
    stored = DynamoCarts(dynamo, table=settings.shop_table_carts, clock=service.clock)
    filling = Filling(CachedCarts(stored, client, metrics=service.metrics))
    await service.kafka(settings.kafka, publishes={})
    service.consumes(erasures(filling))
    pricing = await service.grpc_client("pricing", SERVICE, settings.shop_pricing_grpc_address)
    callers, guests = [
        service.tokens_from("edge", settings.shop_edge_url, issuer=tokens.ISSUER, audience=audience)
        for audience in (tokens.INTERNAL_AUDIENCE, tokens.PUBLIC_AUDIENCE)
    ]
    service.serves(CartApi(filling, RecentPrices(GrpcPrices(pricing)), guests).routes(), tokens=callers)


def main() -> None:
    """Run the cart service."""
    run_service("cart", CartSettings, cart)
