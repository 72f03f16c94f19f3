"""The order book in PostgreSQL: history, summary and outgoing messages of an order, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
from shop_kit import context
from shop_kit.messages import OutgoingMessage, outgoing
from shop_kit.outbox import postgres as outbox
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

# History, summary and messages go in one statement: each statement costs a round trip while the order is locked.
# $1 is the order, $2 the moment; events follow in arrays from $3, messages from $6.
_EVENTS_AND_MESSAGES = f"""
with events as (
    insert into order_events (order_id, version, kind, body, occurred_at)
    select $1, version, kind, body::jsonb, $2::timestamptz
    from unnest($3::integer[], $4::text[], $5::text[]) as event (version, kind, body)
), messages as ({outbox.insertion(first=6)})
"""  # noqa: S608  # nosec B608 # constants put together

OPEN_ORDER = f"""{_EVENTS_AND_MESSAGES}, opened as (
    insert into orders (order_id, customer_id, stage, version, accepted_at, updated_at,
                        messages_sent, next_look_at, correlation_id, traceparent)
    values ($1, $11, $12, 1, $2, $2, $13, $14, $15, $16)
)
select {outbox.WAKE}
"""  # noqa: S608  # nosec B608 # constants put together

RECORD = f"""{_EVENTS_AND_MESSAGES}, noted as (
    update orders
    set stage = $12, version = $13, currency = $14, total_minor_units = $15, updated_at = $2,
        messages_sent = $16, next_look_at = $17, asked_again = 0
    where order_id = $1 and version = $11
    returning order_id
)
select (select count(*) from noted), case when cardinality($6::text[]) > 0 then {outbox.WAKE} end
"""  # noqa: S608  # nosec B608 # constants put together

SELECT_HISTORY = """
select o.version, o.messages_sent, o.asked_again, o.correlation_id, o.traceparent, history.kinds, history.bodies, history.moments
from orders o cross join lateral (
    select array_agg(kind order by version) as kinds, array_agg(body::text order by version) as bodies,
           array_agg(occurred_at order by version) as moments
    from order_events where order_id = o.order_id
) as history
where o.order_id = $1
"""

LOCK_AND_SELECT_HISTORY = f"{SELECT_HISTORY} for update of o"

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
        return await self._read(LOCK_AND_SELECT_HISTORY, order_id)

    async def read(self, order_id: str) -> Order | None:
        """Return the order as it is, holding nothing."""
        return await self._read(SELECT_HISTORY, order_id)

    async def _read(self, query: str, order_id: str) -> Order | None:
        row = await self._connection.fetchrow(query, order_id)
        if row is not None and row["version"] != len(row["kinds"]):
            # It waited for the lock: then it has the order as it is now, and the history as it was before.
            # https://www.postgresql.org/docs/18/transaction-iso.html#XACT-READ-COMMITTED
            row = await self._connection.fetchrow(SELECT_HISTORY, order_id)
        if row is None:
            return None
        self._pages[order_id] = _Page(row["messages_sent"], row["asked_again"], row["correlation_id"], row["traceparent"])
        events = zip(row["kinds"], row["bodies"], row["moments"], strict=True)
        return fold(order_id, [(history.restore(kind, body), at) for kind, body, at in events])

    async def open(self, order: Order, accepted: OrderAccepted, commands: Sequence[Command]) -> None:
        page = self._pages[order.id] = _Page(0, 0, context.correlation_id(), traceparent())
        events = [(order.version, accepted)]
        written = self._rows(order, events, self._messages(order, events, commands))
        look_at = order.accepted_at + self._policy.ask_again_after
        begun = (order.customer_id, order.stage.value, page.messages_sent, look_at, page.correlation_id, page.traceparent)
        await self._connection.execute(OPEN_ORDER, *written, *begun)

    async def record(self, decision: Decision) -> None:
        order = decision.order
        known = order.version - len(decision.events)
        events = [*enumerate(decision.events, start=known + 1)]
        if not events and not decision.commands:
            return
        page = self._pages[order.id]
        written = self._rows(order, events, self._messages(order, events, decision.commands))
        look_at = None if order.stage.is_final else order.updated_at + self._policy.ask_again_after
        total = (order.total.currency, order.total.minor_units) if order.total else (None, None)
        state = (order.stage.value, order.version, *total, page.messages_sent, look_at)
        try:
            noted = await self._connection.fetchval(RECORD, *written, known, *state)
        except asyncpg.UniqueViolationError as taken:
            raise ConcurrentChange(f"version {order.version} of {order.id} was written by somebody else") from taken
        if noted != 1:
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
        await outbox.append(self._connection, self._messages(order, [], commands))
        await self._connection.execute(UPDATE_ASKED_AGAIN, order.id, next_look_at, self._pages[order.id].messages_sent)

    def _rows(self, order: Order, events: Sequence[tuple[int, Event]], messages: Sequence[OutgoingMessage]) -> tuple[object, ...]:
        """Return the first ten parameters of a statement that begins with `_EVENTS_AND_MESSAGES`."""
        stored = [history.store(event) for _, event in events]
        kinds, bodies = [kind for kind, _ in stored], [body for _, body in stored]
        return (order.id, order.updated_at, [version for version, _ in events], kinds, bodies, *outbox.columns(messages))

    def _messages(
        self, order: Order, events: Sequence[tuple[int, Event]], commands: Sequence[Command]
    ) -> Sequence[OutgoingMessage]:
        """Dress everything that is to be sent, under the correlation id that the order began with, and count it."""
        page = self._pages[order.id]
        with context.bind(correlation_id=page.correlation_id, order_id=order.id):
            messages = [*messages_about(order, events, commands, hold=self._hold, after=page.messages_sent)]
        page.messages_sent += len(messages)
        return messages


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
