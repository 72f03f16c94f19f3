"""Listens to what inventory, pricing and payments answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shop_contracts.proto.inventory.v1.events_pb2 import InventoryEvent
from shop_contracts.proto.payments.v1.events_pb2 import PaymentEvent
from shop_contracts.proto.pricing.v1.redemptions_pb2 import RedemptionEvent
from shop_kit.messages import Received, Subscription
from shop_kit.tracing import mark_step

from shop_services.orders.adapters.contracts import answer_from_inventory, answer_from_payments, answer_from_pricing
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.checkout import Answer
from shop_services.orders.domain.order import Cancellation, Order, Rejection

_log = logging.getLogger(__name__)

INVENTORY_EVENTS = "shop.inventory.events.v1"
REDEMPTIONS = "shop.pricing.redemptions.v1"
PAYMENT_EVENTS = "shop.payments.events.v1"

TakeAnswer = Callable[[str, str, Answer], Awaitable[Order | None]]
"""Given message id, order id and answer: the order after it, or None when the message was seen before."""


@dataclass(frozen=True)
class AnswerHandler:
    """Hands each answer to its order, once."""

    take_answer: TakeAnswer
    ended: EndedOrders

    def subscriptions(self) -> tuple[Subscription[InventoryEvent], Subscription[RedemptionEvent], Subscription[PaymentEvent]]:
        """Return what this service consumes."""
        return (
            Subscription(INVENTORY_EVENTS, InventoryEvent, self.handle_inventory),
            Subscription(REDEMPTIONS, RedemptionEvent, self.handle_redemptions),
            Subscription(PAYMENT_EVENTS, PaymentEvent, self.handle_payments),
        )

    async def handle_inventory(self, message: Received[InventoryEvent]) -> None:
        """Take an answer about a reservation."""
        await self._handle(message.identity, message.event.order_id, answer_from_inventory(message.event))

    async def handle_redemptions(self, message: Received[RedemptionEvent]) -> None:
        """Take an answer about coupons."""
        await self._handle(message.identity, message.event.order_id, answer_from_pricing(message.event))

    async def handle_payments(self, message: Received[PaymentEvent]) -> None:
        """Take an answer about a payment."""
        await self._handle(message.identity, message.event.order_id, answer_from_payments(message.event))

    async def _handle(self, message_id: str, order_id: str, answer: Answer) -> None:
        order = await self.take_answer(message_id, order_id, answer)
        if order is None:
            return
        _log.info(
            "an answer was taken", extra={"answer": type(answer).__name__, "stage": order.stage.value, "version": order.version}
        )
        mark_step(order.stage.value, outcome=_outcome(order))
        self.ended.announce(order)


def _outcome(order: Order) -> str | None:
    """Return what became of an order that has ended, for who reads its trace."""
    if not order.stage.is_final:
        return None
    match order.ending:
        case Rejection(reason, explanation):
            return f"{order.stage}: {reason}, {explanation}"
        case Cancellation(explanation) if explanation:
            return f"{order.stage}: {explanation}"
        case _:
            return str(order.stage)
