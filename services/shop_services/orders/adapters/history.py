"""Events of an order as they are stored: a kind and a JSON body. Kinds and field names are for ever; add, never change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from shop_kit.event_sourcing import EventCodec, UnknownKind
from shop_kit.event_sourcing.history import Body

from shop_services.orders.adapters.quote_records import QuoteRecord
from shop_services.orders.domain.order import (
    Cancellation,
    CompensationBegun,
    CouponsRedeemed,
    CouponsReturned,
    Ending,
    Event,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderRejected,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentReturned,
    RefundedInPart,
    RefundFailed,
    Rejection,
    RejectionReason,
    StockReserved,
    StockReturned,
    StockSold,
    fold,
)
from shop_services.orders.domain.quote import Quote

BARE_KINDS: dict[str, Event] = {
    "stock-reserved": StockReserved(),
    "coupons-redeemed": CouponsRedeemed(),
    "payment-authorised": PaymentAuthorised(),
    "stock-sold": StockSold(),
    "payment-captured": PaymentCaptured(),
    "stock-returned": StockReturned(),
    "coupons-returned": CouponsReturned(),
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
        case OrderAccepted(customer_id, quote, token):
            return "order-accepted", {"customerId": customer_id, "quote": _stored_quote(quote), "paymentMethodToken": token}
        case CompensationBegun(ending):
            return "compensation-begun", _stored_ending(ending)
        case RefundFailed(explanation):
            return "refund-failed", {"explanation": explanation}
        case RefundedInPart(still_taken):
            return "refunded-in-part", {"stillTaken": still_taken}
        case OrderRejected(rejection):
            return "order-rejected", _stored_ending(rejection)
        case OrderCancelled(cancellation):
            return "order-cancelled", _stored_ending(cancellation)
        case _:
            return _KIND_OF_BARE[type(event)], {}


def _stored_quote(quote: Quote) -> Body:
    stored: Body = msgspec.to_builtins(QuoteRecord.of(quote))
    return {"id": quote.id, **stored}


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


def _put_together(kind: str, body: Body) -> Event:  # noqa: PLR0911 - as above
    """Return the event that was stored so. Raises UnknownKind."""
    if bare := BARE_KINDS.get(kind):
        return bare
    match kind:
        case "order-accepted":
            quote = msgspec.convert(body["quote"], QuoteRecord).quote(body["quote"]["id"])
            return OrderAccepted(body["customerId"], quote, body["paymentMethodToken"])
        case "compensation-begun":
            return CompensationBegun(_ending(body))
        case "refund-failed":
            return RefundFailed(body["explanation"])
        case "refunded-in-part":
            return RefundedInPart(body["stillTaken"])
        case "order-rejected":
            return OrderRejected(_rejection(body["rejection"]))
        case "order-cancelled":
            return OrderCancelled(_cancellation(body["cancellation"]))
    raise UnknownKind(kind)


ORDER_EVENTS: EventCodec[Event] = EventCodec(_take_apart, _put_together)
"""No upcasts yet: nothing has changed its meaning since the first order."""
