"""Puts payments together: the only place that picks adapters."""

from __future__ import annotations

import msgspec
from shop_contracts import tokens
from shop_contracts.proto.payments.v1.events_pb2 import PaymentEvent
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings

from shop_services.payments.adapters.commands import subscription
from shop_services.payments.adapters.events import EVENTS_TOPIC
from shop_services.payments.adapters.guarded_provider import GuardedProvider
from shop_services.payments.adapters.http_provider import HttpProvider
from shop_services.payments.adapters.payment_repository import DynamoPaymentRepository
from shop_services.payments.adapters.reconciler import reconciler
from shop_services.payments.adapters.rest import PaymentsApi
from shop_services.payments.adapters.webhooks import Webhooks


class PaymentsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What payments needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    aws: AwsSettings
    shop_table_payments: str
    shop_table_payments_outbox: str
    shop_psp_url: str
    shop_secret_payments_webhooks: str
    shop_edge_url: str | None = None
    reconcile_every_seconds: float = 5.0


async def payments(service: Service, settings: PaymentsSettings) -> None:
    """Compose payments."""
    webhook_secret = await service.secret(settings.aws, settings.shop_secret_payments_webhooks)
    store = await service.kafka_and_table(
        settings.kafka,
        settings.aws,
        table=settings.shop_table_payments,
        outbox_table=settings.shop_table_payments_outbox,
        publishes={EVENTS_TOPIC: PaymentEvent},
    )
    repository = DynamoPaymentRepository(store.dynamo, store.outbox, table=store.table)
    client = await service.enter(HttpProvider.connect(settings.shop_psp_url, tracer=service.tracer, tls=service.tls))
    provider = GuardedProvider(client, service.policy("psp"), service.metrics)
    service.consumes(subscription(repository, provider, service.clock))
    sweeper = reconciler(repository, provider, service.clock)
    service.repeats(sweeper.sweep, name="reconciler", every_seconds=settings.reconcile_every_seconds)
    webhooks = Webhooks(repository, webhook_secret, service.clock)
    api = PaymentsApi(repository, provider, store.idempotency, webhooks, service.clock)
    callers = service.tokens_from("edge", settings.shop_edge_url, issuer=tokens.ISSUER, audience=tokens.INTERNAL_AUDIENCE)
    service.serves(api.routes(), tokens=callers)


def main() -> None:
    """Run the payments service."""
    run_service("payments", PaymentsSettings, payments)
