"""Puts inventory together: the only place that picks adapters."""

from __future__ import annotations

import msgspec
from shop_contracts import tokens
from shop_contracts.proto.inventory.v1.events_pb2 import InventoryEvent
from shop_contracts.proto.inventory.v1.stock_pb2 import StockEvent
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings

from shop_services.inventory.adapters.commands import subscription
from shop_services.inventory.adapters.events import EVENTS_TOPIC, STOCK_TOPIC
from shop_services.inventory.adapters.reservation_repository import DynamoReservationRepository
from shop_services.inventory.adapters.rest import InventoryApi
from shop_services.inventory.adapters.rpc import InventoryRpc
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


async def inventory(service: Service, settings: InventorySettings) -> None:
    """Compose inventory."""
    store = await service.kafka_and_table(
        settings.kafka,
        settings.aws,
        table=settings.shop_table_inventory,
        outbox_table=settings.shop_table_inventory_outbox,
        publishes={EVENTS_TOPIC: InventoryEvent, STOCK_TOPIC: StockEvent},
    )
    stock = DynamoStockRepository(store.dynamo, store.outbox, table=settings.shop_table_inventory_stock, clock=service.clock)
    reservations = DynamoReservationRepository(store.dynamo, store.outbox, stock, table=store.table)
    service.consumes(subscription(stock, reservations, service.clock))
    service.repeats(expiry(reservations, service.clock).sweep, name="sweeper", every_seconds=settings.sweep_every_seconds)
    api = InventoryApi(stock, reservations, store.idempotency)
    callers = service.tokens_from("edge", settings.shop_edge_url, issuer=tokens.ISSUER, audience=tokens.INTERNAL_AUDIENCE)
    service.serves(api.routes(), tokens=callers)
    service.serves_grpc(InventoryRpc(stock, reservations).service(), tokens=callers)


def main() -> None:
    """Run the inventory service."""
    run_service("inventory", InventorySettings, inventory)
