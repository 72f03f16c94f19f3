"""Orders' words and the contracts' say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fakes.quotes import a_quote
from shop_contracts.proto.inventory.v1 import events_pb2 as inventory
from shop_contracts.proto.orders.v1 import events_pb2 as orders
from shop_contracts.proto.payments.v1 import events_pb2 as payments
from shop_contracts.proto.pricing.v1 import redemptions_pb2 as pricing
from shop_kit.shared_kernel import Money
from shop_services.orders.adapters import contracts
from shop_services.orders.domain import checkout
from shop_services.orders.domain.order import (
    Cancellation,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderRejected,
    Payment,
    Rejection,
    RejectionReason,
    StockSold,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUOTE = a_quote(("mug", 2, 1999), ("cup", 1, 500), coupons=("AUTUMN",))
ORDER = Order("ord_1", 7, "ann", QUOTE, "tok_visa", NOON, NOON)


def test_the_world_is_told_who_ordered_what_and_never_with_which_card() -> None:
    event = OrderAccepted("ann", QUOTE, "tok_visa")

    told = contracts.public_event(ORDER, event, version=1, at=NOON)

    assert told is not None
    assert (told.order_id, told.version, told.accepted.customer_id, told.occurred_at.ToDatetime(UTC)) == ("ord_1", 1, "ann", NOON)
    assert [(line.sku, line.quantity) for line in told.accepted.purchase.lines] == [("mug", 2), ("cup", 1)]
    assert b"tok_visa" not in told.SerializeToString()


def test_a_completed_order_tells_what_its_quote_said() -> None:
    told = contracts.public_event(ORDER, OrderCompleted(), version=7, at=NOON)

    assert told is not None
    bought = told.completed.purchase
    assert (bought.quote_id, bought.currency_code, bought.country, bought.tax_included) == (QUOTE.id, "EUR", "DE", True)
    assert [(line.unit_price, line.total) for line in bought.lines] == [(1999, 3998), (500, 500)]
    assert (bought.shipping.method, bought.shipping.total) == ("standard", 490)
    assert (bought.subtotal, bought.discount, bought.total, [*bought.coupon_codes]) == (4988, 0, 4988, ["AUTUMN"])


@pytest.mark.parametrize("payment, owed", [(Payment.OWED, 4988), (Payment.RETURNED, 0)])
def test_an_order_that_ends_owing_money_tells_how_much(payment: Payment, owed: int) -> None:
    order = replace(ORDER, payment=payment)

    rejected = contracts.public_event(order, OrderRejected(Rejection(RejectionReason.TIMED_OUT, "Late.")), version=8, at=NOON)
    cancelled = contracts.public_event(order, OrderCancelled(Cancellation("")), version=8, at=NOON)

    assert rejected is not None
    assert cancelled is not None
    assert rejected.rejected.refund_owed.minor_units == cancelled.cancelled.refund_owed.minor_units == owed
    assert rejected.rejected.HasField("refund_owed") == (owed > 0)


def test_what_concerns_nobody_outside_is_not_told() -> None:
    assert contracts.public_event(ORDER, StockSold(), version=5, at=NOON) is None


@pytest.mark.parametrize("reason", RejectionReason)
def test_every_reason_for_a_rejection_has_a_word_in_the_contract(reason: RejectionReason) -> None:
    told = contracts.public_event(ORDER, OrderRejected(Rejection(reason, "")), version=7, at=NOON)

    assert told is not None
    word = orders.RejectionReason.Name(told.rejected.reason)
    assert word == f"REJECTION_REASON_{reason.name}"


@pytest.mark.parametrize(
    "command, kind",
    [
        (checkout.ReserveStock("res_1", QUOTE.lines), "reserve_stock"),
        (checkout.CommitStock("res_1"), "commit_stock"),
        (checkout.ReleaseStock("res_1"), "release_stock"),
    ],
    ids=lambda part: str(part)[:12],
)
def test_every_command_to_inventory_names_order_and_reservation(command: checkout.StockCommand, kind: str) -> None:
    message = contracts.stock_command("ord_1", command, hold=timedelta(minutes=3))

    assert (message.order_id, message.reservation_id, message.WhichOneof("kind")) == ("ord_1", "res_1", kind)


def test_a_reservation_asks_for_lines_and_time() -> None:
    message = contracts.stock_command("ord_1", checkout.ReserveStock("res_1", QUOTE.lines), hold=timedelta(minutes=3))

    assert message.reserve_stock.hold_seconds == 180
    assert [(line.sku, line.quantity) for line in message.reserve_stock.lines] == [("mug", 2), ("cup", 1)]


@pytest.mark.parametrize(
    "command, kind",
    [
        (checkout.AuthorisePayment("pay_1", "ann", Money("EUR", 4498), "tok_visa"), "authorise_payment"),
        (checkout.CapturePayment("pay_1"), "capture_payment"),
        (checkout.VoidPayment("pay_1"), "void_payment"),
        (checkout.RefundPayment("pay_1"), "refund_payment"),
    ],
    ids=lambda part: str(part)[:16],
)
def test_every_command_to_payments_names_order_and_payment(command: checkout.PaymentCommand, kind: str) -> None:
    message = contracts.payment_command("ord_1", command)

    assert (message.order_id, message.payment_id, message.WhichOneof("kind")) == ("ord_1", "pay_1", kind)


def test_every_kind_of_answer_in_the_contracts_is_understood() -> None:
    stock = {field.name for field in inventory.InventoryEvent.DESCRIPTOR.oneofs_by_name["kind"].fields}
    coupons = {field.name for field in pricing.RedemptionEvent.DESCRIPTOR.oneofs_by_name["kind"].fields}
    money = {field.name for field in payments.PaymentEvent.DESCRIPTOR.oneofs_by_name["kind"].fields}

    for kind in stock:
        event = inventory.InventoryEvent(order_id="ord_1")
        getattr(event, kind).SetInParent()
        contracts.answer_from_inventory(event)
    for kind in coupons:
        redemption = pricing.RedemptionEvent(order_id="ord_1")
        getattr(redemption, kind).SetInParent()
        contracts.answer_from_pricing(redemption)
    for kind in money:
        paid = payments.PaymentEvent(order_id="ord_1")
        getattr(paid, kind).SetInParent()
        contracts.answer_from_payments(paid)


@pytest.mark.parametrize("left, answer", [(0, checkout.PaymentWasRefunded()), (300, checkout.PaymentWasRefundedInPart(300))])
def test_money_that_is_given_back_is_all_of_it_where_nothing_is_left(left: int, answer: checkout.Answer) -> None:
    event = payments.PaymentEvent(order_id="ord_1")
    event.payment_refunded.amount.minor_units = 500
    event.payment_refunded.remaining.minor_units = left

    assert contracts.answer_from_payments(event) == answer


def test_a_message_that_says_nothing_is_refused() -> None:
    with pytest.raises(contracts.NotAnAnswer, match="ord_1"):
        contracts.answer_from_inventory(inventory.InventoryEvent(order_id="ord_1"))
    with pytest.raises(contracts.NotAnAnswer, match="ord_1"):
        contracts.answer_from_pricing(pricing.RedemptionEvent(order_id="ord_1"))
    with pytest.raises(contracts.NotAnAnswer, match="ord_1"):
        contracts.answer_from_payments(payments.PaymentEvent(order_id="ord_1"))


def test_coupons_are_redeemed_for_a_customer_and_a_quote() -> None:
    redeem = contracts.coupon_command(checkout.RedeemCoupons("ord_1", "ann", "qte_1", ("AUTUMN", "FREE")))
    release = contracts.coupon_command(checkout.ReleaseCoupons("ord_1"))

    asked = redeem.redeem_coupons
    assert (redeem.order_id, asked.customer_id, asked.quote_id, [*asked.codes]) == ("ord_1", "ann", "qte_1", ["AUTUMN", "FREE"])
    assert (release.order_id, release.WhichOneof("kind")) == ("ord_1", "release_coupons")


def test_a_rejection_of_stock_tells_unknown_articles_from_short_ones() -> None:
    event = inventory.InventoryEvent(order_id="ord_1")
    event.stock_rejected.shortages.add(sku="mug", requested=2, available=1)
    event.stock_rejected.shortages.add(sku="cup", requested=1, is_unknown=True)

    assert contracts.answer_from_inventory(event) == checkout.StockWasRejected(unknown_skus=("cup",), short_skus=("mug",))
