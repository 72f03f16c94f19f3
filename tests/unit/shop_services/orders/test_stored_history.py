"""What is written into an order's history comes back as it was, and old histories stay readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.event_sourcing import UnknownKind
from shop_services.orders.adapters.history import BARE_KINDS, ORDER_EVENTS
from shop_services.orders.domain.order import (
    Cancellation,
    CompensationBegun,
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    RefundedInPart,
    RefundFailed,
    Rejection,
    RejectionReason,
    StockSold,
)
from shop_services.orders.domain.quote import AppliedPromotion, Line, Quote, Shipping

REJECTION = st.builds(Rejection, st.sampled_from(RejectionReason), st.text(max_size=20))
CANCELLATION = st.builds(Cancellation, st.text(max_size=20))
AMOUNT, TEXT = st.integers(0, 2**62), st.text(max_size=10)
LINES = st.lists(st.builds(Line, TEXT, st.integers(1, 1000), AMOUNT, AMOUNT, AMOUNT, AMOUNT), max_size=4).map(tuple)
SHIPPING = st.builds(Shipping, TEXT, AMOUNT, AMOUNT, AMOUNT, AMOUNT)
COUPONS = st.lists(TEXT, max_size=2).map(tuple)
PROMOTIONS = st.lists(st.builds(AppliedPromotion, TEXT, AMOUNT), max_size=2).map(tuple)
QUOTES = st.builds(
    Quote,
    TEXT,
    st.sampled_from(["EUR", "JPY"]),
    TEXT,
    st.booleans(),
    LINES,
    SHIPPING,
    COUPONS,
    PROMOTIONS,
    AMOUNT,
    AMOUNT,
    AMOUNT,
    AMOUNT,
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(OrderAccepted, TEXT, QUOTES, TEXT),
    st.builds(CompensationBegun, st.one_of(REJECTION, CANCELLATION)),
    st.builds(OrderRejected, REJECTION),
    st.builds(RefundFailed, st.text(max_size=20)),
    st.builds(RefundedInPart, AMOUNT),
    st.builds(OrderCancelled, CANCELLATION),
    st.sampled_from([*BARE_KINDS.values()]),
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
        '{"customerId":"c","quote":{"id":"qte_1","currency":"EUR","country":"DE","taxIncluded":true,'
        '"lines":[{"sku":"mug","quantity":2,"unitPrice":1999,"discount":0,"tax":638,"total":3998}],'
        '"shipping":{"method":"standard","price":490,"discount":490,"tax":0,"total":0},"coupons":["FREE"],'
        '"promotions":[{"id":"prm_1","amount":490}],"subtotal":4488,"discount":490,"tax":638,"total":3998},'
        '"paymentMethodToken":"tok_visa"}',
        OrderAccepted(
            "c",
            Quote(
                "qte_1",
                "EUR",
                "DE",
                tax_included=True,
                lines=(Line("mug", 2, 1999, 0, 638, 3998),),
                shipping=Shipping("standard", 490, 490, 0, 0),
                coupons=("FREE",),
                promotions=(AppliedPromotion("prm_1", 490),),
                subtotal=4488,
                discount=490,
                tax=638,
                total=3998,
            ),
            "tok_visa",
        ),
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
