"""What orders forget of a customer who is erased.

Their orders are the shop's books and stay, under an id that leads to nobody any more. What no book needs goes once an order has
ended: the token of the card, and what they wrote themselves when they cancelled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from shop_contracts.proto.identity.v1.customers_pb2 import CustomerEvent
from shop_kit.messages import Received, Subscription
from shop_kit.postgres import connection

from shop_services.orders.application.ports import Clock

if TYPE_CHECKING:
    import asyncpg

CUSTOMERS_TOPIC = "shop.identity.customers.v1"
LOOKED_FOR = timedelta(days=1)
"""How long after an erasure orders of that customer may still end: tokens hold for 15 minutes, checkouts take seconds."""

INSERT_ERASED = "insert into erased_customers (customer_id, erased_at) values ($1, $2) on conflict do nothing"
SELECT_ERASED = "select customer_id from erased_customers where erased_at > $1"
DELETE_ERASED = "delete from erased_customers where erased_at <= $1"

# $1 customer. The only change that is ever made to what happened; stage, money and articles stay as they are.
FORGET = """
update order_events as event
set body = case event.kind
    when 'order-accepted' then jsonb_set(event.body, '{paymentMethodToken}', '""')
    else jsonb_set(event.body, '{cancellation,explanation}', '""')
end
from orders
where orders.customer_id = $1 and orders.next_look_at is null and event.order_id = orders.order_id
  and (event.body ->> 'paymentMethodToken' <> '' or event.body #>> '{cancellation,explanation}' <> '')
"""


@dataclass(frozen=True)
class ErasedCustomers:
    """Forgets in the database of orders."""

    pool: asyncpg.Pool[asyncpg.Record]
    clock: Clock

    async def forget(self, customer_id: str) -> None:
        """Forget what there is of a customer, and later on what their last orders leave. Doing it again changes nothing."""
        async with connection(self.pool) as writer:
            await writer.execute(INSERT_ERASED, customer_id, self.clock())
            await writer.execute(FORGET, customer_id)

    async def forget_rest(self) -> None:
        """Forget what orders have left that ended since their customers were erased."""
        since = self.clock() - LOOKED_FOR
        async with connection(self.pool) as writer:
            for row in await writer.fetch(SELECT_ERASED, since):
                await writer.execute(FORGET, row["customer_id"])
            await writer.execute(DELETE_ERASED, since)


def erasures(forget: Callable[[str], Awaitable[None]]) -> Subscription[CustomerEvent]:
    """Return what orders do with what is told of customers."""

    async def handle(message: Received[CustomerEvent]) -> None:
        if message.event.WhichOneof("kind") == "customer_erased":
            await forget(message.event.customer_id)

    return Subscription(CUSTOMERS_TOPIC, CustomerEvent, handle)
