"""Orders in PostgreSQL: each piece of work is decided on memory or one read, and written with one statement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from shop_kit import context, idempotency
from shop_kit.aggregates.deciding import Stale, decide_and_record
from shop_kit.aggregates.memory import Memory
from shop_kit.event_sourcing import HistoryUnreadable, read_history
from shop_kit.event_sourcing.postgres import columns as event_columns
from shop_kit.idempotency import postgres as keys
from shop_kit.inbox import AlreadyHandled
from shop_kit.inbox import postgres as inbox
from shop_kit.messages import OutgoingMessage
from shop_kit.outbox import postgres as outbox
from shop_kit.postgres import connection
from shop_kit.shared_kernel.money import Money

from shop_services.orders.adapters import history
from shop_services.orders.adapters.messages import messages_about
from shop_services.orders.adapters.statements import (
    INSERT_ORDER,
    ONE_ORDER_OF_A_QUOTE,
    SELECT_ORDER,
    SELECT_SILENT,
    SELECT_SUMMARIES,
    UPDATE_ORDER,
)
from shop_services.orders.application.checkout import resume_silent_order, take_answer
from shop_services.orders.application.ports import (
    CheckoutPolicy,
    Clock,
    OrderRepository,
    OrderSummary,
    OrderUnreadable,
    PageKey,
    QuoteAlreadyUsed,
)
from shop_services.orders.domain.checkout import Answer, Command, Decision
from shop_services.orders.domain.order import Event, Order, OrderAccepted, Stage

SILENT_IN_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as it was read or written, with what is noted beside it."""

    order: Order
    revision: int
    messages_sent: int
    asked_again: int
    next_look_at: datetime | None
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request that counts once: its key, and how it is answered with the order that comes of it."""

    claim: idempotency.Claim
    respond: Callable[[Order], idempotency.Answer]


class PostgresOrders:
    """All orders. `hold` is how long a reservation is kept.

    Orders under way are remembered, so that an answer usually costs no read. Memory decides nothing by itself: each write names the
    revision that it was decided on, and one that others have passed writes nothing. Then the order is read.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        relay: outbox.Relay,
        *,
        clock: Clock,
        policy: CheckoutPolicy,
        hold: timedelta,
    ) -> None:
        self.pool = pool
        self.relay = relay
        self.clock = clock
        self.policy = policy
        self.hold = hold
        self._memory: Memory[StoredOrder] = Memory()

    async def answer(
        self,
        claim: idempotency.Claim,
        work: Callable[[OrderRepository], Awaitable[Order]],
        respond: Callable[[Order], idempotency.Answer],
    ) -> idempotency.Answer:
        """Do `work` and keep its answer with its effect. Raises AnsweredBefore when this very request was answered before."""
        request = Request(claim, respond)

        async def attempt(*, fresh: bool) -> Order:
            return await work(OrderWork(self, request=request, fresh=fresh))

        return respond(await decide_and_record(attempt, subject="order"))

    async def answer_kept(self, claim: idempotency.Claim) -> idempotency.Answer | None:
        """Return the answer that was given to this very request before, if any. Raises KeyReused."""
        async with connection(self.pool) as reader:
            return await keys.find(reader, claim)

    async def take_answer(self, message_id: str, order_id: str, answer: Answer) -> Order | None:
        """Let an order learn an answer, once for each message. Returns the order, or None when the message was seen before.

        Raises OrderNotFound when nobody placed such an order here.
        """

        async def attempt(*, fresh: bool) -> Order:
            work = OrderWork(self, message_id=message_id, fresh=fresh)
            return await take_answer(order_id, answer, orders=work, clock=self.clock)

        try:
            return await decide_and_record(attempt, subject=f"order {order_id}")
        except AlreadyHandled:
            return None

    async def silent(self) -> AsyncIterator[str]:
        """Yield the ids of all orders whose next look is due now, longest overdue first. Whether one can be read shows later."""
        now, position = self.clock(), (None, None)
        while True:
            async with connection(self.pool) as reader:
                rows = await reader.fetch(SELECT_SILENT, now, SILENT_IN_A_PAGE, *position)
            for row in rows:
                yield row["order_id"]
            if len(rows) < SILENT_IN_A_PAGE:
                return
            position = (rows[-1]["next_look_at"], rows[-1]["order_id"])

    async def resume(self, order_id: str) -> Order | None:
        """Look at one silent order. Returns it, or None when it is not silent any more. Raises OrderUnreadable, OrderNotFound."""

        async def attempt(*, fresh: bool) -> Order | None:
            stored = (None if fresh else self.recall(order_id)) or await self.load(order_id)
            if stored and (stored.next_look_at is None or stored.next_look_at > self.clock()):
                return None
            return await resume_silent_order(order_id, orders=OrderWork(self), clock=self.clock, policy=self.policy)

        return await decide_and_record(attempt, subject=f"order {order_id}")

    async def read(self, order_id: str) -> Order | None:
        """Return an order as it is. Raises OrderUnreadable."""
        stored = await self.load(order_id)
        return stored.order if stored else None

    async def list_orders(self, customer_id: str, *, limit: int, behind: PageKey | None) -> Sequence[OrderSummary]:
        """Return a customer's orders, newest first."""
        position = (behind.accepted_at, behind.order_id) if behind else (None, None)
        async with connection(self.pool) as reader:
            rows = await reader.fetch(SELECT_SUMMARIES, customer_id, limit, *position)
        return [_summary(row) for row in rows]

    async def forget_old(self) -> None:
        """Remove what nobody can ask for any more: messages seen and requests answered long ago."""
        async with connection(self.pool) as writer:
            await inbox.forget_old(writer)
            await keys.forget_old(writer)

    async def load(self, order_id: str, *, message_id: str | None = None) -> StoredOrder | None:
        """Read an order. Raises AlreadyHandled when `message_id` had its effect before, OrderUnreadable."""
        async with connection(self.pool) as reader:
            row = await reader.fetchrow(SELECT_ORDER, order_id, message_id)
        if row is None:
            return None
        if row["is_taken"] and message_id:
            raise AlreadyHandled(message_id)
        stored = _stored(order_id, row)
        self.remember(stored)
        return stored

    def recall(self, order_id: str) -> StoredOrder | None:
        """Return an order as this process last read or wrote it, None when it does not know it."""
        return self._memory.get(order_id)

    def remember(self, stored: StoredOrder) -> None:
        """Keep what was read or written, unless something newer is known."""
        order_id = stored.order.id
        known = self._memory.get(order_id)
        if stored.order.stage.is_final:
            self._memory.forget(order_id)
        elif known is None or known.revision <= stored.revision:
            self._memory.keep(order_id, stored)

    def forget(self, order_id: str) -> None:
        """Know nothing of an order any more: it is to be read."""
        self._memory.forget(order_id)


class OrderWork:
    """Implements `OrderRepository`. Make a new one for each try of each piece of work."""

    def __init__(
        self, orders: PostgresOrders, *, message_id: str | None = None, request: Request | None = None, fresh: bool = False
    ) -> None:
        self._orders = orders
        self._fresh = fresh
        self._message_id = message_id
        self._request = request
        self._read: dict[str, StoredOrder] = {}

    async def find(self, order_id: str) -> Order | None:
        """Return the order. Raises AlreadyHandled, AnsweredBefore, OrderUnreadable."""
        if self._request:
            async with connection(self._orders.pool) as reader:
                kept = await keys.find(reader, self._request.claim)
            if kept is not None:
                raise idempotency.AnsweredBefore(kept)
        known = None if self._fresh else self._orders.recall(order_id)
        stored = known or await self._orders.load(order_id, message_id=self._message_id)
        if stored is None:
            return None
        self._read[order_id] = stored
        return stored.order

    async def add(self, order: Order, accepted: OrderAccepted, commands: Sequence[Command]) -> None:
        if self._request is None:
            raise TypeError("an order is placed by a request")
        claim, answer = self._request.claim, self._request.respond(order)
        next_look_at = self._orders.policy.next_look(order, at=order.updated_at)
        stored = StoredOrder(order, 1, 0, 0, next_look_at, context.correlation_id())
        messages = self._messages(stored, order, [(order.version, accepted)], commands)
        kind, body = history.ORDER_EVENTS.store(accepted)
        row = (order.id, order.updated_at, order.customer_id, order.stage.value, len(messages), next_look_at, stored.correlation_id)
        price = (order.quote.id, order.total.currency, order.total.minor_units)
        effect = (kind, body, *outbox.columns(messages), *keys.columns(claim, answer))
        async with connection(self._orders.pool) as writer:
            try:
                written = await writer.fetchrow(INSERT_ORDER, *row, *price, *effect, not self._orders.relay.is_active)
            except asyncpg.UniqueViolationError as twice:
                if twice.constraint_name == ONE_ORDER_OF_A_QUOTE:
                    raise QuoteAlreadyUsed(order.quote.id) from twice
                raise
            if written is None or written["written"] != 1:
                kept = await keys.find(writer, claim)
                if kept is None:
                    raise Stale(f"idempotency key {claim.key} expired this moment")
                raise idempotency.AnsweredBefore(kept)
        self._orders.remember(StoredOrder(order, 1, len(messages), 0, next_look_at, stored.correlation_id))
        self._orders.relay.hand_over(written["message_ids"], messages)

    async def record(self, decision: Decision) -> None:
        before = self._read[decision.order.id]
        if decision.events:
            next_look_at = self._orders.policy.next_look(decision.order, at=decision.order.updated_at)
            await self._write(before, decision, next_look_at=next_look_at, asked_again=0)
        else:
            await self._write(before, decision, next_look_at=before.next_look_at, asked_again=before.asked_again)

    async def ask_again(self, order: Order, commands: Sequence[Command]) -> None:
        before = self._read[order.id]
        times = before.asked_again + 1
        next_look_at = self._orders.policy.next_look(order, at=self._orders.clock(), asked_again=times)
        await self._write(before, Decision(order, (), tuple(commands)), next_look_at=next_look_at, asked_again=times)

    async def _write(self, before: StoredOrder, decision: Decision, *, next_look_at: datetime | None, asked_again: int) -> None:
        order = decision.order
        events = [*enumerate(decision.events, start=order.version - len(decision.events) + 1)]
        messages = self._messages(before, order, events, decision.commands)
        sent = before.messages_sent + len(messages)
        written = await self._update(
            order,
            (
                order.id,
                order.updated_at,
                before.revision,
                order.stage.value,
                order.version,
                sent,
                next_look_at,
                asked_again,
                *event_columns(history.ORDER_EVENTS, decision.events, after=order.version - len(decision.events)),
                *outbox.columns(messages),
                *self._counts_once(order),
            ),
        )
        self._orders.remember(StoredOrder(order, before.revision + 1, sent, asked_again, next_look_at, before.correlation_id))
        self._orders.relay.hand_over(written, messages)

    async def _update(self, order: Order, parameters: Sequence[object]) -> Sequence[int]:
        """Write, and return the ids of the messages. Whatever goes wrong, the order is read the next time."""
        is_written = False
        try:
            async with connection(self._orders.pool) as writer:
                written = await writer.fetchrow(UPDATE_ORDER, *parameters, not self._orders.relay.is_active)
            is_written = written is not None and written["written"] == 1
        except asyncpg.UniqueViolationError as twice:
            if twice.constraint_name == inbox.TAKEN_TWICE:
                raise AlreadyHandled(str(self._message_id)) from twice
            raise Stale(f"somebody else wrote version {order.version} of {order.id}") from twice
        finally:
            if not is_written:
                self._orders.forget(order.id)
        if written is None or not is_written:
            raise Stale(f"somebody else changed {order.id}")
        ids: Sequence[int] = written["message_ids"]
        return ids

    def _counts_once(self, order: Order) -> tuple[object, ...]:
        """Return the parameters for what the write answers: the message, and the request with its answer."""
        if self._request is None:
            return (self._message_id, None, None, None, None, None, None)
        return (self._message_id, *keys.columns(self._request.claim, self._request.respond(order)))

    def _messages(
        self, stored: StoredOrder, order: Order, events: Sequence[tuple[int, Event]], commands: Sequence[Command]
    ) -> Sequence[OutgoingMessage]:
        """Dress everything that is to be sent, under the correlation id that the order began with."""
        with context.bind(correlation_id=stored.correlation_id, order_id=order.id):
            return [*messages_about(order, events, commands, hold=self._orders.hold, after=stored.messages_sent)]


def _stored(order_id: str, row: asyncpg.Record) -> StoredOrder:
    events = zip(row["kinds"] or (), row["bodies"] or (), row["moments"] or (), strict=True)
    try:
        order = read_history(order_id, events, codec=history.ORDER_EVENTS, fold=history.fold_orders)
    except HistoryUnreadable as unreadable:
        raise OrderUnreadable(order_id, str(unreadable)) from unreadable
    noted = (row["revision"], row["messages_sent"], row["asked_again"], row["next_look_at"], row["correlation_id"])
    return StoredOrder(order, *noted)


def _summary(row: asyncpg.Record) -> OrderSummary:
    total = Money(row["currency"], row["total_minor_units"])
    return OrderSummary(row["order_id"], Stage(row["stage"]), total, row["accepted_at"], row["updated_at"])
