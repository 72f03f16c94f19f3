"""What customers, other services and time do to orders."""

from __future__ import annotations

from dataclasses import dataclass

from shop_kit.errors import Invalid

from shop_services.orders.application.ports import CheckoutPolicy, Clock, NewOrderId, OrderRepository
from shop_services.orders.domain.checkout import Answer, answered, awaited, cancelled, timed_out
from shop_services.orders.domain.order import Order, OrderAccepted, begin
from shop_services.orders.domain.quote import Quote


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A customer's wish. What it costs stands in the quote that pricing has signed."""

    customer_id: str
    quote: Quote
    payment_method_token: str


class OrderNotFound(Invalid):
    """There is no such order, or it belongs to somebody else: the caller cannot tell which."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"there is no order {order_id}")
        self.order_id = order_id


async def place_order(wish: PlaceOrder, *, orders: OrderRepository, clock: Clock, new_order_id: NewOrderId) -> Order:
    """Accept an order and ask for its stock. From here on it is the shop's duty to bring it to a final state.

    Raises QuoteAlreadyUsed.
    """
    accepted = OrderAccepted(wish.customer_id, wish.quote, wish.payment_method_token)
    order = begin(new_order_id(), accepted, at=clock())
    await orders.add(order, accepted, awaited(order))
    return order


async def take_answer(order_id: str, answer: Answer, *, orders: OrderRepository, clock: Clock) -> Order:
    """Let an order learn what inventory, pricing or payments answered, and take the next step. Raises OrderNotFound."""
    order = await orders.find(order_id)
    if order is None:
        raise OrderNotFound(order_id)
    decision = answered(order, answer, at=clock())
    await orders.record(decision)
    return decision.order


async def cancel_order(order_id: str, *, customer_id: str, explanation: str, orders: OrderRepository, clock: Clock) -> Order:
    """Withdraw a customer's own order. It becomes `cancelled` once everything is undone. Raises OrderNotFound, AlreadyEnded."""
    order = await orders.find(order_id)
    if order is None or order.customer_id != customer_id:
        raise OrderNotFound(order_id)
    decision = cancelled(order, explanation, at=clock())
    await orders.record(decision)
    return decision.order


async def resume_silent_order(order_id: str, *, orders: OrderRepository, clock: Clock, policy: CheckoutPolicy) -> Order:
    """Ask again for an order that waits too long for an answer, or give it up when it is out of time. Raises OrderNotFound."""
    order, now = await orders.find(order_id), clock()
    if order is None:
        raise OrderNotFound(order_id)
    if policy.is_out_of_time(order, at=now):
        decision = timed_out(order, at=now)
        if decision.events:
            await orders.record(decision)
            return decision.order
    await orders.ask_again(order, awaited(order))
    return order
