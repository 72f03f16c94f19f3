"""Events of an order as they are stored: a kind and a JSON body. Kinds and field names are for ever; add, never change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shop_kit.event_sourcing import EventCodec, UnknownKind
from shop_kit.event_sourcing.history import Body
from shop_kit.shared_kernel import Money

from shop_services.orders.domain.order import (
    Cancellation,
    CompensationBegun,
    Ending,
    Event,
    Line,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderPriced,
    OrderRejected,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentReturned,
    PricedLine,
    RefundFailed,
    Rejection,
    RejectionReason,
    StockReturned,
    StockSold,
    fold,
)

BARE_KINDS: dict[str, Event] = {
    "payment-authorised": PaymentAuthorised(),
    "stock-sold": StockSold(),
    "payment-captured": PaymentCaptured(),
    "stock-returned": StockReturned(),
    "payment-returned": PaymentReturned(),
    "order-completed": OrderCompleted(),
}
_KIND_OF_BARE = {type(event): kind for kind, event in BARE_KINDS.items()}


def fold_orders(order_id: str, since: Order | None, history: Iterable[tuple[Event, datetime]]) -> Order:
    """Return what a history makes of an order, from its beginning: orders have no snapshots, their histories are short."""
    if since is not None:
        raise ValueError(f"{order_id} was to be folded from its middle")
    return fold(order_id, history)


def _take_apart(event: Event) -> tuple[str, Body]:  # noqa: PLR0911 - a table of cases, one return each
    match event:
        case OrderAccepted(customer_id, lines, token):
            stored = [{"sku": line.sku, "quantity": line.quantity} for line in lines]
            return "order-accepted", {"customerId": customer_id, "lines": stored, "paymentMethodToken": token}
        case OrderPriced(lines):
            return "order-priced", {"lines": [_stored_priced_line(line) for line in lines]}
        case CompensationBegun(ending):
            return "compensation-begun", _stored_ending(ending)
        case RefundFailed(explanation):
            return "refund-failed", {"explanation": explanation}
        case OrderRejected(rejection):
            return "order-rejected", _stored_ending(rejection)
        case OrderCancelled(cancellation):
            return "order-cancelled", _stored_ending(cancellation)
        case _:
            return _KIND_OF_BARE[type(event)], {}


def _stored_priced_line(line: PricedLine) -> Body:
    price = {"currency": line.unit_price.currency, "minorUnits": line.unit_price.minor_units}
    return {"sku": line.sku, "quantity": line.quantity, "unitPrice": price}


def _priced_line(line: Body) -> PricedLine:
    return PricedLine(line["sku"], line["quantity"], Money(line["unitPrice"]["currency"], line["unitPrice"]["minorUnits"]))


def _stored_ending(ending: Ending) -> Body:
    match ending:
        case Rejection(reason, explanation):
            return {"rejection": {"reason": reason.value, "explanation": explanation}}
        case Cancellation(explanation):
            return {"cancellation": {"explanation": explanation}}


def _ending(body: Body) -> Ending:
    return _rejection(body["rejection"]) if "rejection" in body else _cancellation(body["cancellation"])


def _rejection(body: Body) -> Rejection:
    return Rejection(RejectionReason(body["reason"]), body["explanation"])


def _cancellation(body: Body) -> Cancellation:
    return Cancellation(body["explanation"])


def _put_together(kind: str, body: Body) -> Event:  # noqa: PLR0911 - a table of cases, one return each
    """Return the event that was stored so. Raises UnknownKind."""
    if bare := BARE_KINDS.get(kind):
        return bare
    match kind:
        case "order-accepted":
            lines = tuple(Line(line["sku"], line["quantity"]) for line in body["lines"])
            return OrderAccepted(body["customerId"], lines, body["paymentMethodToken"])
        case "order-priced":
            return OrderPriced(tuple(_priced_line(line) for line in body["lines"]))
        case "compensation-begun":
            return CompensationBegun(_ending(body))
        case "refund-failed":
            return RefundFailed(body["explanation"])
        case "order-rejected":
            return OrderRejected(_rejection(body["rejection"]))
        case "order-cancelled":
            return OrderCancelled(_cancellation(body["cancellation"]))
    raise UnknownKind(kind)


ORDER_EVENTS: EventCodec[Event] = EventCodec(_take_apart, _put_together)
"""No upcasts yet: nothing has changed its meaning since the first order."""
