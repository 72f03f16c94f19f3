"""Puts payments together: the only place that picks adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import msgspec
from shop_kit.auth import internal_tokens
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.aws.secrets import read_secret
from shop_kit.http.app import Check
from shop_kit.idempotency.dynamo import DynamoIdempotency
from shop_kit.kafka.consumer import Consumer
from shop_kit.kafka.producer import Producer
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.resilience.breaker import CircuitBreaker
from shop_kit.resilience.retry import Retry
from shop_kit.runtime import Runtime, run_service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings
from starlette.types import ASGIApp

from shop_services.payments.adapters import guarded_provider
from shop_services.payments.adapters.commands import subscription
from shop_services.payments.adapters.events import EVENTS_TOPIC
from shop_services.payments.adapters.guarded_provider import GuardedProvider
from shop_services.payments.adapters.payment_book import DynamoPaymentBook
from shop_services.payments.adapters.psp_simulator import PspSimulator
from shop_services.payments.adapters.rest import PaymentsApi
from shop_services.payments.adapters.webhooks import Webhooks


class PaymentsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What payments needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    aws: AwsSettings
    shop_table_payments: str
    shop_table_payments_outbox: str
    shop_table_payments_psp_ledger: str
    shop_secret_payments_webhooks: str
    shop_edge_url: str | None = None
    provider_timeout_seconds: float = guarded_provider.TIMEOUT_SECONDS


@asynccontextmanager
async def payments(runtime: Runtime, settings: PaymentsSettings) -> AsyncIterator[ASGIApp]:
    """Run the parts of payments around its HTTP application."""
    table = settings.shop_table_payments
    async with AsyncExitStack() as parts:
        aws = await parts.enter_async_context(AwsClient.connect(settings.aws, metrics=runtime.metrics, tracer=runtime.tracer))
        webhook_secret = await Retry.patient().run(lambda: read_secret(aws, settings.shop_secret_payments_webhooks))
        dynamo = Dynamo(aws)
        producer = await parts.enter_async_context(
            Producer.connect(settings.kafka, client_id=runtime.name, topics=[EVENTS_TOPIC], metrics=runtime.metrics)
        )
        outbox = await parts.enter_async_context(
            DynamoOutbox.open(
                dynamo,
                table=table,
                outbox_table=settings.shop_table_payments_outbox,
                producer=producer,
                metrics=runtime.metrics,
                clock=runtime.clock,
            )
        )
        book = DynamoPaymentBook(dynamo, outbox, table=table)
        simulator = PspSimulator(dynamo, ledger_table=settings.shop_table_payments_psp_ledger)
        provider = GuardedProvider(
            simulator, breaker=CircuitBreaker(guarded_provider.NAME), timeout_seconds=settings.provider_timeout_seconds
        )
        consumer = await parts.enter_async_context(
            Consumer.connect(
                settings.kafka,
                group=runtime.name,
                subscriptions=[subscription(book, provider)],
                dead_letters=producer,
                metrics=runtime.metrics,
                tracer=runtime.tracer,
            )
        )
        webhooks = Webhooks(book, webhook_secret, runtime.clock)
        api = PaymentsApi(book, provider, simulator, DynamoIdempotency(dynamo, table, runtime.clock), webhooks)
        checks: dict[str, Check] = {"dynamodb": partial(dynamo.check, table), "kafka": producer.check, "consumer": consumer.check}
        yield runtime.http_app(api.routes(), readiness=checks, tokens=internal_tokens(settings.shop_edge_url, runtime.clock))


def main() -> None:
    """Run the payments service."""
    run_service("payments", PaymentsSettings, payments)
