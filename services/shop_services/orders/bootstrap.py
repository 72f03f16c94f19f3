"""Puts orders together: the only place that picks adapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial

import msgspec
from shop_kit import postgres
from shop_kit.auth import internal_tokens
from shop_kit.clock import moment
from shop_kit.http.app import Check
from shop_kit.kafka.consumer import Consumer
from shop_kit.kafka.producer import Producer
from shop_kit.outbox.postgres import PostgresRelay
from shop_kit.runtime import Runtime, run_service
from shop_kit.settings import KafkaSettings, RuntimeSettings
from starlette.types import ASGIApp

from shop_services.orders.adapters.answers import AnswerListener
from shop_services.orders.adapters.identifiers import new_order_id
from shop_services.orders.adapters.messages import INVENTORY_COMMANDS, ORDER_EVENTS, PAYMENT_COMMANDS
from shop_services.orders.adapters.order_repository import PostgresOrders
from shop_services.orders.adapters.rest import OrdersApi
from shop_services.orders.adapters.sweeper import sweeping
from shop_services.orders.application.ports import CheckoutPolicy
from shop_services.orders.application.waiting import EndedOrders


class OrdersSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What orders needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    database_url: str
    shop_edge_url: str | None = None
    """Whose tokens are taken; without it nobody gets in."""
    checkout_patience_seconds: float = 90.0
    """How long a checkout may take until its capture is asked for."""
    reservation_seconds: float = 180.0
    """How long stock is held; longer than the patience, so that giving up comes first."""
    ask_again_after_seconds: float = 5.0
    """How long a step may be silent. Every answer takes well under a second, unless something is down."""
    ask_again_at_most_seconds: float = 60.0
    sweep_every_seconds: float = 1.0

    def policy(self) -> CheckoutPolicy:
        """Return how patient the shop is."""
        return CheckoutPolicy(
            patience=timedelta(seconds=self.checkout_patience_seconds),
            ask_again_after=timedelta(seconds=self.ask_again_after_seconds),
            ask_again_at_most=timedelta(seconds=self.ask_again_at_most_seconds),
        )


@asynccontextmanager
async def orders_service(runtime: Runtime, settings: OrdersSettings) -> AsyncIterator[ASGIApp]:
    """Run the parts of orders around its HTTP application."""
    ended = EndedOrders()
    clock = partial(moment, runtime.clock)
    async with AsyncExitStack() as parts:
        pool = await parts.enter_async_context(postgres.connect(settings.database_url))
        topics = (ORDER_EVENTS, INVENTORY_COMMANDS, PAYMENT_COMMANDS)
        producer = await parts.enter_async_context(
            Producer.connect(settings.kafka, client_id=runtime.name, topics=topics, metrics=runtime.metrics)
        )
        relay = await parts.enter_async_context(PostgresRelay.start(settings.database_url, producer, metrics=runtime.metrics))
        hold = timedelta(seconds=settings.reservation_seconds)
        orders = PostgresOrders(pool, relay, clock=clock, policy=settings.policy(), hold=hold)
        consumer = await parts.enter_async_context(
            Consumer.connect(
                settings.kafka,
                group=runtime.name,
                subscriptions=AnswerListener(orders.take_answer, ended).subscriptions(),
                dead_letters=producer,
                metrics=runtime.metrics,
                tracer=runtime.tracer,
            )
        )
        await parts.enter_async_context(sweeping(orders, ended, every_seconds=settings.sweep_every_seconds))
        parts.callback(asyncio.create_task(_release_at_stop(ended, runtime.stopping)).cancel)
        api = OrdersApi(orders, ended, clock, new_order_id)
        checks: dict[str, Check] = {
            "postgresql": partial(postgres.check, pool),
            "kafka": producer.check,
            "consumer": consumer.check,
        }
        yield runtime.http_app(api.routes(), readiness=checks, tokens=internal_tokens(settings.shop_edge_url, runtime.clock))


async def _release_at_stop(ended: EndedOrders, stopping: asyncio.Event) -> None:
    await stopping.wait()
    ended.release_all()


def main() -> None:
    """Run the orders service."""
    run_service("orders", OrdersSettings, orders_service)
