"""Puts pricing together: the only place that picks adapters."""

from __future__ import annotations

import msgspec
from shop_contracts import tokens
from shop_contracts.proto.pricing.v1.prices_pb2 import PriceEvent
from shop_contracts.proto.pricing.v1.redemptions_pb2 import RedemptionEvent
from shop_kit.auth import TokenSigner, signing_key
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings

from shop_services.pricing.adapters.cached_promotions import CachedPromotions
from shop_services.pricing.adapters.commands import subscription
from shop_services.pricing.adapters.documents import JwtQuoteSigner
from shop_services.pricing.adapters.events import PRICES_TOPIC, REDEMPTIONS_TOPIC
from shop_services.pricing.adapters.promotion_repositories import DynamoCoupons, DynamoPromotions, DynamoRedemptions
from shop_services.pricing.adapters.repositories import DynamoPriceLists, DynamoPrices, DynamoQuotes
from shop_services.pricing.adapters.rest import PricingApi
from shop_services.pricing.adapters.rpc import PricingRpc
from shop_services.pricing.application.quoting import Quoting
from shop_services.pricing.application.redeeming import Redeeming


class PricingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What pricing needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    aws: AwsSettings
    shop_table_pricing: str
    shop_table_pricing_outbox: str
    shop_secret_pricing_signing: str
    shop_edge_url: str | None = None


async def pricing(service: Service, settings: PricingSettings) -> None:
    """Compose pricing."""
    secret = await service.secret(settings.aws, settings.shop_secret_pricing_signing)
    signer = TokenSigner(signing_key(secret), tokens.QUOTE_ISSUER, service.clock)
    store = await service.kafka_and_table(
        settings.kafka,
        settings.aws,
        table=settings.shop_table_pricing,
        outbox_table=settings.shop_table_pricing_outbox,
        publishes={PRICES_TOPIC: PriceEvent, REDEMPTIONS_TOPIC: RedemptionEvent},
    )
    clock, lists = service.clock, DynamoPriceLists(store)
    prices, promotions, coupons, quotes = (
        DynamoPrices(store, lists, clock),
        CachedPromotions(DynamoPromotions(store)),
        DynamoCoupons(store),
        DynamoQuotes(store),
    )
    quoting = Quoting(prices, promotions, coupons, JwtQuoteSigner(signer), clock)
    service.consumes(subscription(Redeeming(coupons, DynamoRedemptions(store, clock), clock)))
    api = PricingApi(quoting, quotes, lists, prices, promotions, coupons, store.idempotency, clock, signer.jwks())
    callers = service.tokens_from("edge", settings.shop_edge_url, issuer=tokens.ISSUER, audience=tokens.INTERNAL_AUDIENCE)
    service.serves(api.routes(), tokens=callers)
    service.serves_grpc(PricingRpc(quoting, quotes, prices, clock).service(), tokens=callers)


def main() -> None:
    """Run the pricing service."""
    run_service("pricing", PricingSettings, pricing)
