"""Puts identity together: the only place that picks adapters."""

from __future__ import annotations

import msgspec
from shop_contracts import tokens
from shop_contracts.proto.identity.v1.customers_pb2 import CustomerEvent
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings

from shop_services.identity.adapters.events import CUSTOMERS_TOPIC
from shop_services.identity.adapters.repository import DynamoCustomerRepository
from shop_services.identity.adapters.rest import IdentityApi
from shop_services.identity.adapters.sign_ins import CognitoSignIns
from shop_services.identity.adapters.sweeper import removal


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What identity needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    aws: AwsSettings
    shop_table_identity: str
    shop_table_identity_outbox: str
    shop_user_pool_customers: str
    shop_edge_url: str | None = None
    sweep_every_seconds: float = 5.0


async def identity(service: Service, settings: IdentitySettings) -> None:
    """Compose identity."""
    store = await service.kafka_and_table(
        settings.kafka,
        settings.aws,
        table=settings.shop_table_identity,
        outbox_table=settings.shop_table_identity_outbox,
        publishes={CUSTOMERS_TOPIC: CustomerEvent},
    )
    customers = DynamoCustomerRepository(store)
    sign_ins = CognitoSignIns(await service.aws(settings.aws), settings.shop_user_pool_customers)
    service.repeats(removal(customers, sign_ins, service.clock).sweep, name="sweeper", every_seconds=settings.sweep_every_seconds)
    callers = service.tokens_from("edge", settings.shop_edge_url, issuer=tokens.ISSUER, audience=tokens.INTERNAL_AUDIENCE)
    service.serves(IdentityApi(customers, sign_ins, store.idempotency, service.clock).routes(), tokens=callers)


def main() -> None:
    """Run the identity service."""
    run_service("identity", IdentitySettings, identity)
