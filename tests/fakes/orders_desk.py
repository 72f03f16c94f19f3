"""Orders kept in memory, with the transactions, replays and locks that PostgreSQL gives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from datetime import datetime

from shop_kit import idempotency
from shop_services.orders.application.checkout import resume_silent_orders, take_answer
from shop_services.orders.application.ports import (
    CheckoutPolicy,
    Clock,
    ConcurrentChange,
    OrderBook,
    OrderSummary,
    PageKey,
    SilentOrder,
)
from shop_services.orders.domain.checkout import Answer, Command, Decision
from shop_services.orders.domain.order import Event, Order, OrderAccepted
from starlette.responses import Response


class FakeOrderBook:
    """An order book over dictionaries. `sent` are the commands in the order they were sent, `told` the events."""

    def __init__(self, policy: CheckoutPolicy) -> None:
        self.policy = policy
        self.orders: dict[str, Order] = {}
        self.told: dict[str, list[Event]] = {}
        self.sent: list[Command] = []
        self.next_look: dict[str, datetime] = {}
        self.asked_again: dict[str, int] = {}

    async def find(self, order_id: str) -> Order | None:
        return self.orders.get(order_id)

    async def open(self, order: Order, accepted: OrderAccepted, commands: Sequence[Command]) -> None:
        self.told[order.id] = [accepted]
        self._keep(order, commands)

    async def record(self, decision: Decision) -> None:
        known = self.orders[decision.order.id]
        if known.version != decision.order.version - len(decision.events):
            raise ConcurrentChange(known.id)
        self.told[known.id] = [*self.told[known.id], *decision.events]
        self._keep(decision.order, decision.commands)

    async def find_silent(self, *, at: datetime, limit: int) -> Sequence[SilentOrder]:
        due = sorted((moment, order_id) for order_id, moment in self.next_look.items() if moment <= at)
        return [SilentOrder(self.orders[order_id], self.asked_again.get(order_id, 0)) for _, order_id in due[:limit]]

    async def ask_again(self, order: Order, commands: Sequence[Command], *, next_look_at: datetime) -> None:
        self.sent = [*self.sent, *commands]
        self.next_look[order.id] = next_look_at
        self.asked_again[order.id] = self.asked_again.get(order.id, 0) + 1

    def _keep(self, order: Order, commands: Sequence[Command]) -> None:
        self.orders = {**self.orders, order.id: order}
        self.sent = [*self.sent, *commands]
        self.asked_again.pop(order.id, None)
        self.next_look.pop(order.id, None)
        if not order.stage.is_final:
            self.next_look[order.id] = order.updated_at + self.policy.ask_again_after


class FakeDesk:
    """Implements what REST, listener and sweeper need of `PostgresDesk`."""

    def __init__(self, clock: Clock, policy: CheckoutPolicy) -> None:
        self.book = FakeOrderBook(policy)
        self._clock = clock
        self._policy = policy
        self._answers: dict[tuple[str, str], tuple[str, idempotency.Answer]] = {}
        self._taken: set[str] = set()
        self._lock = asyncio.Lock()

    async def once(self, claim: idempotency.Claim, work: Callable[[OrderBook], Awaitable[idempotency.Answer]]) -> Response:
        async with self._lock:
            kept = self._answers.get((claim.scope, claim.key))
            if kept:
                if kept[0] != claim.fingerprint:
                    raise idempotency.KeyReused(claim)
                return kept[1].response(is_replay=True)
            before = copy(self.book)
            try:
                answer = await work(self.book)
            except BaseException:
                self.book = before
                raise
            self._answers[claim.scope, claim.key] = (claim.fingerprint, answer)
            return answer.response()

    async def take_answer(self, message_id: str, order_id: str, answer: Answer) -> Order | None:
        async with self._lock:
            if message_id in self._taken:
                return None
            order = await take_answer(order_id, answer, book=self.book, clock=self._clock)
            self._taken.add(message_id)
            return order

    async def resume_silent(self, *, limit: int) -> tuple[Order, ...]:
        async with self._lock:
            return await resume_silent_orders(book=self.book, clock=self._clock, policy=self._policy, limit=limit)

    async def read(self, order_id: str) -> Order | None:
        return self.book.orders.get(order_id)

    async def list_orders(self, customer_id: str, *, limit: int, behind: PageKey | None) -> Sequence[OrderSummary]:
        own = sorted(
            (order for order in self.book.orders.values() if order.customer_id == customer_id),
            key=lambda order: (order.accepted_at, order.id),
            reverse=True,
        )
        shown = [order for order in own if behind is None or (order.accepted_at, order.id) < (behind.accepted_at, behind.order_id)]
        return [OrderSummary(order.id, order.stage, order.total, order.accepted_at, order.updated_at) for order in shown[:limit]]
