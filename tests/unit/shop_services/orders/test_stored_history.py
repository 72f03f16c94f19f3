"""What is written into an order's history comes back as it was, and old histories stay readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.event_sourcing import UnknownKind
from shop_kit.shared_kernel import Money
from shop_services.orders.adapters.history import ORDER_EVENTS
from shop_services.orders.domain.order import (
    Cancellation,
    CompensationBegun,
    Event,
    Line,
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
)

REJECTION = st.builds(Rejection, st.sampled_from(RejectionReason), st.text(max_size=20))
CANCELLATION = st.builds(Cancellation, st.text(max_size=20))
QUANTITY = st.integers(1, 1000)
LINES = st.lists(st.builds(Line, st.text(max_size=10), QUANTITY), max_size=4).map(tuple)
PRICE = st.builds(Money, st.sampled_from(["EUR", "JPY"]), st.integers(0, 2**62))
PRICED = st.lists(st.builds(PricedLine, st.text(max_size=10), QUANTITY, PRICE), max_size=4).map(tuple)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(OrderAccepted, st.text(max_size=10), LINES, st.text(max_size=10)),
    st.builds(OrderPriced, PRICED),
    st.builds(CompensationBegun, st.one_of(REJECTION, CANCELLATION)),
    st.builds(OrderRejected, REJECTION),
    st.builds(RefundFailed, st.text(max_size=20)),
    st.builds(OrderCancelled, CANCELLATION),
    st.sampled_from([PaymentAuthorised(), StockSold(), PaymentCaptured(), StockReturned(), PaymentReturned(), OrderCompleted()]),
)


@given(EVENTS)
def test_every_event_comes_back_as_it_was_stored(event: Event) -> None:
    assert ORDER_EVENTS.restore(*ORDER_EVENTS.store(event)) == event


def test_a_kind_of_a_newer_version_is_named() -> None:
    with pytest.raises(UnknownKind, match="order-gift-wrapped"):
        ORDER_EVENTS.restore("order-gift-wrapped", "{}")


WRITTEN_BY_THE_FIRST_VERSION: list[tuple[str, str, Event]] = [
    (
        "order-accepted",
        '{"customerId":"c","lines":[{"sku":"mug","quantity":2}],"paymentMethodToken":"tok_visa"}',
        OrderAccepted("c", (Line("mug", 2),), "tok_visa"),
    ),
    (
        "order-priced",
        '{"lines":[{"sku":"mug","quantity":2,"unitPrice":{"currency":"EUR","minorUnits":1999}}]}',
        OrderPriced((PricedLine("mug", 2, Money("EUR", 1999)),)),
    ),
    (
        "compensation-begun",
        '{"rejection":{"reason":"payment-declined","explanation":"No."}}',
        CompensationBegun(Rejection(RejectionReason.PAYMENT_DECLINED, "No.")),
    ),
    ("order-cancelled", '{"cancellation":{"explanation":"x"}}', OrderCancelled(Cancellation("x"))),
    ("stock-sold", "{}", StockSold()),
]


@pytest.mark.parametrize("kind, body, event", WRITTEN_BY_THE_FIRST_VERSION, ids=lambda part: str(part)[:20])
def test_histories_of_the_first_version_are_read_for_ever(kind: str, body: str, event: Event) -> None:
    assert ORDER_EVENTS.restore(kind, body) == event
    assert ORDER_EVENTS.store(event) == (kind, body)
