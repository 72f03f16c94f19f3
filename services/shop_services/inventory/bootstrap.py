"""Puts inventory together: the only place that picks adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import msgspec
from shop_kit.auth import internal_tokens
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.http.app import Check
from shop_kit.idempotency.dynamo import DynamoIdempotency
from shop_kit.kafka.consumer import Consumer
from shop_kit.kafka.producer import Producer
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.runtime import Runtime, run_service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings
from starlette.types import ASGIApp

from shop_services.inventory.adapters.commands import subscription
from shop_services.inventory.adapters.events import EVENTS_TOPIC
from shop_services.inventory.adapters.reservation_repository import DynamoReservationRepository
from shop_services.inventory.adapters.rest import InventoryApi
from shop_services.inventory.adapters.stock_repository import DynamoStockRepository
from shop_services.inventory.adapters.sweeper import expiry


class InventorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What inventory needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    aws: AwsSettings
    shop_table_inventory: str
    shop_table_inventory_stock: str
    shop_table_inventory_outbox: str
    shop_edge_url: str | None = None
    sweep_every_seconds: float = 1.0


@asynccontextmanager
async def inventory(runtime: Runtime, settings: InventorySettings) -> AsyncIterator[ASGIApp]:
    """Run the parts of inventory around its HTTP application."""
    clock = runtime.clock
    async with AsyncExitStack() as parts:
        aws = await parts.enter_async_context(AwsClient.connect(settings.aws, metrics=runtime.metrics, tracer=runtime.tracer))
        dynamo = Dynamo(aws)
        producer = await parts.enter_async_context(
            Producer.connect(settings.kafka, client_id=runtime.name, topics=[EVENTS_TOPIC], metrics=runtime.metrics)
        )
        outbox = await parts.enter_async_context(
            DynamoOutbox.open(
                dynamo,
                table=settings.shop_table_inventory,
                outbox_table=settings.shop_table_inventory_outbox,
                producer=producer,
                metrics=runtime.metrics,
                clock=clock,
            )
        )
        stock = DynamoStockRepository(dynamo, table=settings.shop_table_inventory_stock)
        reservations = DynamoReservationRepository(dynamo, outbox, stock, table=settings.shop_table_inventory)
        consumer = await parts.enter_async_context(
            Consumer.connect(
                settings.kafka,
                group=runtime.name,
                subscriptions=[subscription(stock, reservations, clock)],
                dead_letters=producer,
                metrics=runtime.metrics,
                tracer=runtime.tracer,
            )
        )
        await parts.enter_async_context(expiry(reservations, clock).every(settings.sweep_every_seconds))
        api = InventoryApi(stock, reservations, DynamoIdempotency(dynamo, settings.shop_table_inventory, clock))
        checks: dict[str, Check] = {
            "dynamodb": partial(dynamo.check, settings.shop_table_inventory),
            "kafka": producer.check,
            "consumer": consumer.check,
        }
        yield runtime.http_app(api.routes(), readiness=checks, tokens=internal_tokens(settings.shop_edge_url, runtime.clock))


def main() -> None:
    """Run the inventory service."""
    run_service("inventory", InventorySettings, inventory)
