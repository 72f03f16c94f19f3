"""Orders kept in memory, with the replays and the all-or-nothing that PostgreSQL gives: for rehearsals and tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from datetime import datetime, timedelta

from shop_kit import idempotency
from shop_kit.aggregates.deciding import Stale
from shop_kit.messages import OutgoingMessage

from shop_services.orders.adapters.messages import messages_about
from shop_services.orders.application.checkout import resume_silent_order, take_answer
from shop_services.orders.application.ports import (
    CheckoutPolicy,
    Clock,
    OrderRepository,
    OrderSummary,
    PageKey,
    QuoteAlreadyUsed,
)
from shop_services.orders.domain.checkout import Answer, Command, Decision
from shop_services.orders.domain.order import Event, Order, OrderAccepted, begin
from shop_services.orders.domain.quote import Line, Quote, Shipping

HOLD = timedelta(seconds=180)
QUOTE = Quote(
    "qte_1",
    "EUR",
    "DE",
    tax_included=True,
    lines=(Line("SKU-0001", 2, 1999, 0, 638, 3998),),
    shipping=Shipping("standard", 490, 0, 78, 490),
    subtotal=4488,
    tax=716,
    total=4488,
)
"""Two of an article, and shipping, in euros with German tax."""
ACCEPTED = OrderAccepted("cus_1", QUOTE, "tok_visa")


class InMemoryOrderRepository:
    """Orders in dictionaries: `sent` are the commands, `told` the events, `messages` both as they leave, each in their order.

    With `knows_all`, every order one can ask for has just been accepted.
    """

    def __init__(self, clock: Clock, policy: CheckoutPolicy, *, hold: timedelta = HOLD, knows_all: bool = False) -> None:
        self.clock = clock
        self.policy = policy
        self.hold = hold
        self.knows_all = knows_all
        self.orders: dict[str, Order] = {}
        self.told: dict[str, list[Event]] = {}
        self.sent: list[Command] = []
        self.messages: list[OutgoingMessage] = []
        self.next_look: dict[str, datetime] = {}
        self.asked_again: dict[str, int] = {}

    async def find(self, order_id: str) -> Order | None:
        known = self.orders.get(order_id)
        if known is None and self.knows_all:
            known = begin(order_id, ACCEPTED, at=self.clock())
            self.orders = {**self.orders, order_id: known}
        return known

    async def add(self, order: Order, accepted: OrderAccepted, commands: Sequence[Command]) -> None:
        if any(known.quote.id == accepted.quote.id for known in self.orders.values()):
            raise QuoteAlreadyUsed(accepted.quote.id)
        self._keep(order, [accepted], commands)

    async def record(self, decision: Decision) -> None:
        known = self.orders[decision.order.id]
        if known.version != decision.order.version - len(decision.events):
            raise Stale(f"somebody else changed {known.id}")
        self._keep(decision.order, decision.events, decision.commands)

    async def ask_again(self, order: Order, commands: Sequence[Command]) -> None:
        self._send(order, [], commands)
        times = self.asked_again[order.id] = self.asked_again.get(order.id, 0) + 1
        self._look_next(order, self.policy.next_look(order, at=self.clock(), asked_again=times))

    def _keep(self, order: Order, events: Sequence[Event], commands: Sequence[Command]) -> None:
        self.orders = {**self.orders, order.id: order}
        self.told = {**self.told, order.id: [*self.told.get(order.id, ()), *events]}
        self._send(order, events, commands)
        self.asked_again.pop(order.id, None)
        self._look_next(order, self.policy.next_look(order, at=order.updated_at))

    def _send(self, order: Order, events: Sequence[Event], commands: Sequence[Command]) -> None:
        versions = [*enumerate(events, start=order.version - len(events) + 1)]
        after = sum(1 for message in self.messages if message.key == order.id)
        self.sent = [*self.sent, *commands]
        self.messages = [*self.messages, *messages_about(order, versions, commands, hold=self.hold, after=after)]

    def _look_next(self, order: Order, at: datetime | None) -> None:
        self.next_look.pop(order.id, None)
        if at:
            self.next_look[order.id] = at


class InMemoryOrders:
    """Implements what REST, listener and sweeper need of `PostgresOrders`."""

    def __init__(self, clock: Clock, policy: CheckoutPolicy) -> None:
        self.repository = InMemoryOrderRepository(clock, policy)
        self._clock = clock
        self._policy = policy
        self._answers: dict[tuple[str, str], tuple[str, idempotency.Answer]] = {}
        self._taken: set[str] = set()
        self._lock = asyncio.Lock()

    async def answer(
        self,
        claim: idempotency.Claim,
        work: Callable[[OrderRepository], Awaitable[Order]],
        respond: Callable[[Order], idempotency.Answer],
    ) -> idempotency.Answer:
        async with self._lock:
            kept = await self.answer_kept(claim)
            if kept:
                raise idempotency.AnsweredBefore(kept)
            before = copy(self.repository)
            try:
                answer = respond(await work(self.repository))
            except BaseException:
                self.repository = before
                raise
            self._answers[claim.scope, claim.key] = (claim.fingerprint, answer)
            return answer

    async def answer_kept(self, claim: idempotency.Claim) -> idempotency.Answer | None:
        fingerprint, kept = self._answers.get((claim.scope, claim.key), (claim.fingerprint, None))
        if fingerprint != claim.fingerprint:
            raise idempotency.KeyReused(claim)
        return kept

    async def take_answer(self, message_id: str, order_id: str, answer: Answer) -> Order | None:
        async with self._lock:
            if message_id in self._taken:
                return None
            order = await take_answer(order_id, answer, orders=self.repository, clock=self._clock)
            self._taken.add(message_id)
            return order

    async def resume_silent(self) -> list[Order]:
        async with self._lock:
            due = sorted((moment, order_id) for order_id, moment in self.repository.next_look.items() if moment <= self._clock())
            return [
                await resume_silent_order(order_id, orders=self.repository, clock=self._clock, policy=self._policy)
                for _, order_id in due
            ]

    async def read(self, order_id: str) -> Order | None:
        return self.repository.orders.get(order_id)

    async def list_orders(self, customer_id: str, *, limit: int, behind: PageKey | None) -> Sequence[OrderSummary]:
        own = sorted(
            (order for order in self.repository.orders.values() if order.customer_id == customer_id),
            key=lambda order: (order.accepted_at, order.id),
            reverse=True,
        )
        shown = [order for order in own if behind is None or (order.accepted_at, order.id) < (behind.accepted_at, behind.order_id)]
        return [OrderSummary(order.id, order.stage, order.total, order.accepted_at, order.updated_at) for order in shown[:limit]]
