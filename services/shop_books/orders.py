"""Orders, put together from what the shop has said of them."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import Message
from shop_contracts.proto.orders.v1.events_pb2 import OrderCompleted, OrderEvent
from shop_kit.wire import unframe

from shop_books.entries import CANCELLED, COMPLETED, REJECTED, Order


def orders_in(records: Iterable[Message]) -> tuple[Order, ...]:
    """Return the orders that these records of the topic of orders are about. An event that stands there twice is one."""
    found: dict[str, Order] = {}
    for record in records:
        event = OrderEvent.FromString(unframe(record.value() or b"")[2])
        order = found.setdefault(event.order_id, Order(event.order_id))
        kind = event.WhichOneof("kind")
        if kind == "accepted":
            order.was_accepted = True
        elif kind is not None and kind not in order.outcomes:
            order.outcomes.append(_OUTCOMES[kind])
        if kind == "completed":
            _take_in(order, event.completed)
        elif kind == "rejected":
            order.owed = event.rejected.refund_owed.minor_units
        elif kind == "cancelled":
            order.owed = event.cancelled.refund_owed.minor_units
    return tuple(found.values())


_OUTCOMES = {"completed": COMPLETED, "rejected": REJECTED, "cancelled": CANCELLED}


def _take_in(order: Order, completed: OrderCompleted) -> None:
    order.units = {line.sku: line.quantity for line in completed.purchase.lines}
    order.total = completed.purchase.total
