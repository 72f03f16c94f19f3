"""Puts orders together: the only place that picks adapters."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import msgspec
from shop_contracts import tokens
from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_contracts.proto.orders.v1.events_pb2 import OrderEvent
from shop_contracts.proto.payments.v1.commands_pb2 import PaymentCommand
from shop_contracts.proto.pricing.v1.commands_pb2 import PricingCommand
from shop_kit.clock import moment
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import KafkaSettings, RuntimeSettings

from shop_services.orders.adapters.answers import AnswerHandler
from shop_services.orders.adapters.erasures import ErasedCustomers, erasures
from shop_services.orders.adapters.identifiers import new_order_id
from shop_services.orders.adapters.messages import INVENTORY_COMMANDS, ORDER_EVENTS, PAYMENT_COMMANDS, PRICING_COMMANDS
from shop_services.orders.adapters.order_repository import PostgresOrders
from shop_services.orders.adapters.quotes import SignedQuotes
from shop_services.orders.adapters.rest import OrdersApi
from shop_services.orders.adapters.sweeper import CLEAN_EVERY_SECONDS, resuming
from shop_services.orders.application.ports import CheckoutPolicy
from shop_services.orders.application.waiting import EndedOrders


class OrdersSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What orders needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    database_url: str
    shop_edge_url: str | None = None
    """Whose tokens are taken; without it nobody gets in."""
    shop_pricing_url: str | None = None
    """Whose quotes are taken; without it nothing can be ordered."""
    checkout_patience_seconds: float = 90.0
    """How long a checkout may take until its capture is asked for."""
    reservation_seconds: float = 180.0
    """How long stock is held; longer than the patience, so that giving up comes first."""
    ask_again_after_seconds: float = 5.0
    """How long a step may be silent. Every answer takes well under a second, unless something is down."""
    ask_again_at_most_seconds: float = 60.0
    sweep_every_seconds: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError when stock would come free before the order that holds it is given up."""
        given_up_after = self.checkout_patience_seconds + self.sweep_every_seconds
        if given_up_after >= self.reservation_seconds:
            raise ValueError(
                f"RESERVATION_SECONDS is {self.reservation_seconds:g}, but an order is given up only after {given_up_after:g} s"
                " (CHECKOUT_PATIENCE_SECONDS and SWEEP_EVERY_SECONDS): its stock could be sold to somebody else while it is paid"
            )

    def policy(self) -> CheckoutPolicy:
        """Return how patient the shop is."""
        return CheckoutPolicy(
            patience=timedelta(seconds=self.checkout_patience_seconds),
            ask_again_after=timedelta(seconds=self.ask_again_after_seconds),
            ask_again_at_most=timedelta(seconds=self.ask_again_at_most_seconds),
        )


async def orders_service(service: Service, settings: OrdersSettings) -> None:
    """Compose orders."""
    store = await service.kafka_and_database(
        settings.kafka,
        settings.database_url,
        publishes={
            ORDER_EVENTS: OrderEvent,
            INVENTORY_COMMANDS: InventoryCommand,
            PRICING_COMMANDS: PricingCommand,
            PAYMENT_COMMANDS: PaymentCommand,
        },
    )
    ended, clock = EndedOrders(), partial(moment, service.clock)
    service.shutdown.at_begin(ended.release_all)
    hold = timedelta(seconds=settings.reservation_seconds)
    orders = PostgresOrders(store.pool, store.relay, clock=clock, policy=settings.policy(), hold=hold)
    erased = ErasedCustomers(store.pool, clock)
    service.consumes(*AnswerHandler(orders.take_answer, ended).subscriptions(), erasures(erased.forget))
    service.repeats(resuming(orders, ended, service.clock).sweep, name="sweeper", every_seconds=settings.sweep_every_seconds)
    service.repeats(orders.forget_old, name="cleaner", every_seconds=CLEAN_EVERY_SECONDS)
    service.repeats(erased.forget_rest, name="forgetting", every_seconds=CLEAN_EVERY_SECONDS)
    signed = service.tokens_from(
        "pricing", settings.shop_pricing_url, issuer=tokens.QUOTE_ISSUER, audience=tokens.QUOTE_AUDIENCE, remembers=0
    )
    api = OrdersApi(orders, SignedQuotes(signed), ended, clock, new_order_id)
    callers = service.tokens_from("edge", settings.shop_edge_url, issuer=tokens.ISSUER, audience=tokens.INTERNAL_AUDIENCE)
    service.serves(api.routes(), tokens=callers)


def main() -> None:
    """Run the orders service."""
    run_service("orders", OrdersSettings, orders_service)
