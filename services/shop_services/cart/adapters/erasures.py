"""Hears of customers who were erased: what is in their carts goes."""

from __future__ import annotations

from shop_contracts.proto.identity.v1.customers_pb2 import CustomerEvent
from shop_kit.messages import Received, Subscription

from shop_services.cart.application.filling import Filling

CUSTOMERS_TOPIC = "shop.identity.customers.v1"


def erasures(filling: Filling) -> Subscription[CustomerEvent]:
    """Return what carts do with what is told of customers. An empty cart stays until its time is over, and holds their id alone."""

    async def handle(message: Received[CustomerEvent]) -> None:
        if message.event.WhichOneof("kind") == "customer_erased":
            await filling.empty(message.event.customer_id)

    return Subscription(CUSTOMERS_TOPIC, CustomerEvent, handle)
