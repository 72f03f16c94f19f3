"""What customers, other services and time do to orders."""

from __future__ import annotations

from dataclasses import dataclass

from shop_kit.errors import Invalid

from shop_services.orders.application.ports import CheckoutPolicy, Clock, NewOrderId, OrderBook, SilentOrder
from shop_services.orders.domain.checkout import Answer, answered, awaited, cancelled, timed_out
from shop_services.orders.domain.order import Line, Order, OrderAccepted, begin


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A customer's wish. It names no price: prices come with the reservation."""

    customer_id: str
    lines: tuple[Line, ...]
    payment_method_token: str


class OrderNotFound(Invalid):
    """There is no such order, or it belongs to somebody else: the caller cannot tell which."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"there is no order {order_id}")
        self.order_id = order_id


async def place_order(wish: PlaceOrder, *, book: OrderBook, clock: Clock, new_order_id: NewOrderId) -> Order:
    """Accept an order and ask for its stock. From here on it is the shop's duty to bring it to a final state."""
    accepted = OrderAccepted(wish.customer_id, wish.lines, wish.payment_method_token)
    order = begin(new_order_id(), accepted, at=clock())
    await book.open(order, accepted, awaited(order))
    return order


async def take_answer(order_id: str, answer: Answer, *, book: OrderBook, clock: Clock) -> Order:
    """Let an order learn what inventory or payments answered, and take the next step. Raises OrderNotFound."""
    order = await book.find(order_id)
    if order is None:
        raise OrderNotFound(order_id)
    decision = answered(order, answer, at=clock())
    await book.record(decision)
    return decision.order


async def cancel_order(order_id: str, *, customer_id: str, explanation: str, book: OrderBook, clock: Clock) -> Order:
    """Withdraw a customer's own order. It becomes `cancelled` once everything is undone. Raises OrderNotFound, AlreadyEnded."""
    order = await book.find(order_id)
    if order is None or order.customer_id != customer_id:
        raise OrderNotFound(order_id)
    decision = cancelled(order, explanation, at=clock())
    await book.record(decision)
    return decision.order


async def resume_silent_orders(*, book: OrderBook, clock: Clock, policy: CheckoutPolicy, limit: int) -> tuple[Order, ...]:
    """Ask again for orders that wait too long for an answer, and give up those that are out of time.

    Returns the orders looked at, at most `limit`.
    """
    silent = await book.find_silent(at=clock(), limit=limit)
    return tuple([await _resume(each, book=book, clock=clock, policy=policy) for each in silent])


async def _resume(silent: SilentOrder, *, book: OrderBook, clock: Clock, policy: CheckoutPolicy) -> Order:
    order, now = silent.order, clock()
    if now >= order.accepted_at + policy.patience:
        decision = timed_out(order, at=now)
        if decision.events:
            await book.record(decision)
            return decision.order
    interval = min(policy.ask_again_after * 2 ** min(silent.asked_again + 1, 16), policy.ask_again_at_most)
    await book.ask_again(order, awaited(order), next_look_at=now + interval)
    return order
