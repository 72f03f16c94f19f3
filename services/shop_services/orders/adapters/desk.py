"""PostgreSQL behind the use cases: one transaction for each request, each message and each look at silent orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
from shop_kit import idempotency
from shop_kit.idempotency import postgres as idempotency_store
from shop_kit.inbox import postgres as inbox
from shop_kit.postgres import connection, transaction
from shop_kit.shared_kernel import Money
from starlette.responses import Response

from shop_services.orders.adapters.order_book import PostgresOrderBook
from shop_services.orders.application.checkout import resume_silent_orders, take_answer
from shop_services.orders.application.ports import CheckoutPolicy, Clock, OrderBook, OrderSummary, PageKey
from shop_services.orders.domain.checkout import Answer
from shop_services.orders.domain.order import Order, Stage

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

SELECT_SUMMARIES = """
select order_id, stage, currency, total_minor_units, accepted_at, updated_at from orders
where customer_id = $1 and ($3::timestamptz is null or (accepted_at, order_id) < ($3, $4))
order by accepted_at desc, order_id desc limit $2
"""


@dataclass(frozen=True)
class PostgresDesk:
    """All that happens to orders, each piece in a transaction of its own. `hold` is how long a reservation is kept."""

    pool: asyncpg.Pool[asyncpg.Record]
    clock: Clock
    policy: CheckoutPolicy
    hold: timedelta

    async def once(self, claim: idempotency.Claim, work: Callable[[OrderBook], Awaitable[idempotency.Answer]]) -> Response:
        """Do `work` and keep its answer with its effect; or answer as this very request was answered before."""
        async with transaction(self.pool) as writer:
            kept = await idempotency_store.begin(writer, claim)
            if kept is not None:
                return kept.response(is_replay=True)
            answer = await work(self._book(writer))
            await idempotency_store.complete(writer, claim, answer)
        return answer.response()

    async def take_answer(self, message_id: str, order_id: str, answer: Answer) -> Order | None:
        """Let an order learn an answer, once for each message. Returns the order, or None when the message was seen before.

        Raises OrderNotFound when nobody placed such an order here.
        """
        async with transaction(self.pool) as writer:
            if not await inbox.take(writer, message_id):
                return None
            return await take_answer(order_id, answer, book=self._book(writer), clock=self.clock)

    async def resume_silent(self, *, limit: int) -> tuple[Order, ...]:
        """Look at orders that went silent, at most `limit`. Returns them as they are now."""
        async with transaction(self.pool) as writer:
            return await resume_silent_orders(book=self._book(writer), clock=self.clock, policy=self.policy, limit=limit)

    async def read(self, order_id: str) -> Order | None:
        """Return an order as it is."""
        async with connection(self.pool) as reader:
            return await self._book(reader).read(order_id)

    async def list_orders(self, customer_id: str, *, limit: int, behind: PageKey | None) -> Sequence[OrderSummary]:
        """Return a customer's orders, newest first."""
        position = (behind.accepted_at, behind.order_id) if behind else (None, None)
        async with connection(self.pool) as reader:
            rows = await reader.fetch(SELECT_SUMMARIES, customer_id, limit, *position)
        return [_summary(row) for row in rows]

    async def forget_old(self) -> None:
        """Remove what nobody can ask for any more: messages seen and requests answered long ago."""
        async with transaction(self.pool) as writer:
            await inbox.forget_old(writer)
            await idempotency_store.forget_old(writer)

    def _book(self, connection: Connection) -> PostgresOrderBook:
        return PostgresOrderBook(connection, policy=self.policy, hold=self.hold)


def _summary(row: asyncpg.Record) -> OrderSummary:
    total = None if row["currency"] is None else Money(row["currency"], row["total_minor_units"])
    return OrderSummary(row["order_id"], Stage(row["stage"]), total, row["accepted_at"], row["updated_at"])
