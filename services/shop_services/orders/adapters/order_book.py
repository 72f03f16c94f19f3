"""The order book in PostgreSQL: history, summary and outgoing messages of an order, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
from shop_kit import context
from shop_kit.messages import OutgoingMessage, outgoing
from shop_kit.outbox.postgres import append
from shop_kit.tracing import traceparent

from shop_services.orders.adapters import contracts, history
from shop_services.orders.application.ports import CheckoutPolicy, ConcurrentChange, SilentOrder
from shop_services.orders.domain.checkout import Command, Decision, StockCommand
from shop_services.orders.domain.order import Event, Order, OrderAccepted, fold

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

ORDER_EVENTS = "shop.orders.events.v1"
INVENTORY_COMMANDS = "shop.inventory.commands.v1"
PAYMENT_COMMANDS = "shop.payments.commands.v1"
SOURCE = "/shop/orders"

INSERT_EVENT = "insert into order_events (order_id, version, kind, body, occurred_at) values ($1, $2, $3, $4, $5)"

INSERT_ORDER = """
insert into orders (order_id, customer_id, stage, version, accepted_at, updated_at,
                    messages_sent, next_look_at, correlation_id, traceparent)
values ($1, $2, $3, 1, $4, $4, $5, $6, $7, $8)
"""

LOCK_ORDER = "select order_id from orders where order_id = $1 for update"

SELECT_HISTORY = """
select e.kind, e.body, e.occurred_at, o.messages_sent, o.asked_again, o.correlation_id, o.traceparent
from orders o join order_events e on e.order_id = o.order_id
where o.order_id = $1 order by e.version
"""

UPDATE_ORDER = """
update orders
set stage = $3, version = $4, currency = $5, total_minor_units = $6, updated_at = $7,
    messages_sent = $8, next_look_at = $9, asked_again = 0
where order_id = $1 and version = $2
"""

SELECT_SILENT = """
select order_id from orders where next_look_at <= $1 order by next_look_at limit $2 for update skip locked
"""

UPDATE_ASKED_AGAIN = """
update orders set next_look_at = $2, asked_again = asked_again + 1, messages_sent = $3 where order_id = $1
"""


@dataclass(slots=True)
class _Page:
    """What the book notes beside an order: how it began, and how many messages were sent about it."""

    messages_sent: int
    asked_again: int
    correlation_id: str
    traceparent: str | None


class PostgresOrderBook:
    """Implements `OrderBook` on one connection that is in a transaction. Make a new one for each transaction."""

    def __init__(self, connection: Connection, *, policy: CheckoutPolicy, hold: timedelta) -> None:
        self._connection = connection
        self._policy = policy
        self._hold = hold
        self._pages: dict[str, _Page] = {}

    async def find(self, order_id: str) -> Order | None:
        # Two statements: one that waits for a lock goes on with the snapshot it began with, and misses what was written meanwhile.
        # https://www.postgresql.org/docs/18/transaction-iso.html#XACT-READ-COMMITTED
        if await self._connection.fetchval(LOCK_ORDER, order_id) is None:
            return None
        return await self.read(order_id)

    async def read(self, order_id: str) -> Order | None:
        """Return the order as it is, holding nothing."""
        rows = await self._connection.fetch(SELECT_HISTORY, order_id)
        if not rows:
            return None
        first = rows[0]
        self._pages[order_id] = _Page(first["messages_sent"], first["asked_again"], first["correlation_id"], first["traceparent"])
        return fold(order_id, [(history.restore(row["kind"], row["body"]), row["occurred_at"]) for row in rows])

    async def open(self, order: Order, accepted: OrderAccepted, commands: Sequence[Command]) -> None:
        page = self._pages[order.id] = _Page(0, 0, context.correlation_id(), traceparent())
        await self._send(order, [(order.version, accepted)], commands)
        look_at = order.accepted_at + self._policy.ask_again_after
        begun = (page.messages_sent, look_at, page.correlation_id, page.traceparent)
        await self._connection.execute(INSERT_ORDER, order.id, order.customer_id, order.stage.value, order.accepted_at, *begun)
        await self._write_events(order, [(order.version, accepted)])

    async def record(self, decision: Decision) -> None:
        order = decision.order
        known = order.version - len(decision.events)
        events = [*enumerate(decision.events, start=known + 1)]
        if not events and not decision.commands:
            return
        page = self._pages[order.id]
        await self._write_events(order, events)
        await self._send(order, events, decision.commands)
        look_at = None if order.stage.is_final else order.updated_at + self._policy.ask_again_after
        total = (order.total.currency, order.total.minor_units) if order.total else (None, None)
        state = (order.stage.value, order.version, *total, order.updated_at, page.messages_sent, look_at)
        if await self._connection.execute(UPDATE_ORDER, order.id, known, *state) != "UPDATE 1":
            raise ConcurrentChange(f"{order.id} is not at version {known} any more")

    async def find_silent(self, *, at: datetime, limit: int) -> Sequence[SilentOrder]:
        rows = await self._connection.fetch(SELECT_SILENT, at, limit)
        silent = []
        for row in rows:
            order = await self.read(row["order_id"])
            if order is not None:
                silent.append(SilentOrder(order, self._pages[order.id].asked_again))
        return silent

    async def ask_again(self, order: Order, commands: Sequence[Command], *, next_look_at: datetime) -> None:
        await self._send(order, [], commands)
        await self._connection.execute(UPDATE_ASKED_AGAIN, order.id, next_look_at, self._pages[order.id].messages_sent)

    async def _write_events(self, order: Order, events: Sequence[tuple[int, Event]]) -> None:
        try:
            rows = [(order.id, version, *history.store(event), order.updated_at) for version, event in events]
            await self._connection.executemany(INSERT_EVENT, rows)
        except asyncpg.UniqueViolationError as taken:
            raise ConcurrentChange(f"version {order.version} of {order.id} was written by somebody else") from taken

    async def _send(self, order: Order, events: Sequence[tuple[int, Event]], commands: Sequence[Command]) -> None:
        """Put everything into the outbox, under the correlation id that the order began with."""
        page = self._pages[order.id]
        with context.bind(correlation_id=page.correlation_id, order_id=order.id):
            messages = [*messages_about(order, events, commands, hold=self._hold, after=page.messages_sent)]
        page.messages_sent += len(messages)
        await append(self._connection, messages)


def messages_about(
    order: Order, events: Sequence[tuple[int, Event]], commands: Sequence[Command], *, hold: timedelta, after: int
) -> Iterator[OutgoingMessage]:
    """Yield what is told of events (with the versions they make) and what is asked, numbered from behind `after`."""
    told = [contracts.public_event(order, event, version=version, at=order.updated_at) for version, event in events]
    sequence = after
    for message in told:
        if message is not None:
            sequence += 1
            yield outgoing(ORDER_EVENTS, order.id, message, source=SOURCE, sequence=sequence)
    for command in commands:
        sequence += 1
        if isinstance(command, StockCommand):
            asked = contracts.stock_command(order.id, command, hold=hold)
            yield outgoing(INVENTORY_COMMANDS, order.id, asked, source=SOURCE, sequence=sequence)
        else:
            payment = contracts.payment_command(order.id, command)
            yield outgoing(PAYMENT_COMMANDS, order.id, payment, source=SOURCE, sequence=sequence)
