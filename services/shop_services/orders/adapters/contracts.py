"""Orders' words in those of the contracts, and back: domain values on one side, Protobuf messages on the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from shop_contracts.proto.common.v1 import money_pb2
from shop_contracts.proto.inventory.v1 import commands_pb2 as inventory_commands
from shop_contracts.proto.inventory.v1 import events_pb2 as inventory_events
from shop_contracts.proto.orders.v1 import events_pb2 as order_events
from shop_contracts.proto.payments.v1 import commands_pb2 as payment_commands
from shop_contracts.proto.payments.v1 import events_pb2 as payment_events
from shop_contracts.proto.pricing.v1 import commands_pb2 as pricing_commands
from shop_contracts.proto.pricing.v1 import redemptions_pb2 as redemptions
from shop_kit.shared_kernel import Money

from shop_services.orders.domain import checkout
from shop_services.orders.domain.order import (
    Event,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderRejected,
    RejectionReason,
)
from shop_services.orders.domain.quote import Quote

REASONS = {
    RejectionReason.OUT_OF_STOCK: order_events.REJECTION_REASON_OUT_OF_STOCK,
    RejectionReason.UNKNOWN_SKU: order_events.REJECTION_REASON_UNKNOWN_SKU,
    RejectionReason.PAYMENT_DECLINED: order_events.REJECTION_REASON_PAYMENT_DECLINED,
    RejectionReason.PAYMENT_FAILED: order_events.REJECTION_REASON_PAYMENT_FAILED,
    RejectionReason.RESERVATION_EXPIRED: order_events.REJECTION_REASON_RESERVATION_EXPIRED,
    RejectionReason.TIMED_OUT: order_events.REJECTION_REASON_TIMED_OUT,
    RejectionReason.COUPON_REFUSED: order_events.REJECTION_REASON_COUPON_REFUSED,
}


class NotAnAnswer(Exception):
    """A message from a partner that says nothing this service knows: its kind is not set, or newer than this code."""


def public_event(order: Order, event: Event, *, version: int, at: datetime) -> order_events.OrderEvent | None:
    """Return what the world is told of an event, or None where it concerns nobody outside. `order` is the order after it."""
    message = order_events.OrderEvent(order_id=order.id, version=version)
    message.occurred_at.FromDatetime(at)
    match event:
        case OrderAccepted(customer_id, quote, _):
            message.accepted.customer_id = customer_id
            message.accepted.purchase.CopyFrom(_purchase(quote))
        case OrderCompleted():
            message.completed.customer_id = order.customer_id
            message.completed.purchase.CopyFrom(_purchase(order.quote))
        case OrderRejected(rejection):
            message.rejected.customer_id = order.customer_id
            message.rejected.reason = REASONS[rejection.reason]
            message.rejected.explanation = rejection.explanation
            if owed := order.refund_owed:
                message.rejected.refund_owed.CopyFrom(_money(owed))
        case OrderCancelled(cancellation):
            message.cancelled.customer_id = order.customer_id
            message.cancelled.explanation = cancellation.explanation
            if owed := order.refund_owed:
                message.cancelled.refund_owed.CopyFrom(_money(owed))
        case _:
            return None
    return message


def stock_command(order_id: str, command: checkout.StockCommand, *, hold: timedelta) -> inventory_commands.InventoryCommand:
    """Return what inventory is asked. `hold` is how long it shall keep a reservation."""
    message = inventory_commands.InventoryCommand(order_id=order_id, reservation_id=command.reservation_id)
    match command:
        case checkout.ReserveStock(_, lines):
            message.reserve_stock.lines.extend(inventory_commands.StockLine(sku=line.sku, quantity=line.quantity) for line in lines)
            message.reserve_stock.hold_seconds = int(hold.total_seconds())
        case checkout.CommitStock():
            message.commit_stock.SetInParent()
        case checkout.ReleaseStock():
            message.release_stock.SetInParent()
        case _:
            assert_never(command)
    return message


def coupon_command(command: checkout.CouponCommand) -> pricing_commands.PricingCommand:
    """Return what pricing is asked."""
    message = pricing_commands.PricingCommand(order_id=command.order_id)
    match command:
        case checkout.RedeemCoupons(_, customer_id, quote_id, codes):
            message.redeem_coupons.customer_id = customer_id
            message.redeem_coupons.quote_id = quote_id
            message.redeem_coupons.codes.extend(codes)
        case checkout.ReleaseCoupons():
            message.release_coupons.SetInParent()
        case _:
            assert_never(command)
    return message


def payment_command(order_id: str, command: checkout.PaymentCommand) -> payment_commands.PaymentCommand:
    """Return what payments is asked."""
    message = payment_commands.PaymentCommand(order_id=order_id, payment_id=command.payment_id)
    match command:
        case checkout.AuthorisePayment(_, customer_id, amount, token):
            message.authorise_payment.customer_id = customer_id
            message.authorise_payment.amount.CopyFrom(_money(amount))
            message.authorise_payment.payment_method_token = token
        case checkout.CapturePayment():
            message.capture_payment.SetInParent()
        case checkout.VoidPayment():
            message.void_payment.SetInParent()
        case checkout.RefundPayment():
            message.refund_payment.SetInParent()
        case _:
            assert_never(command)
    return message


def answer_from_inventory(event: inventory_events.InventoryEvent) -> checkout.Answer:
    """Return what inventory said. Raises NotAnAnswer."""
    match event.WhichOneof("kind"):
        case "stock_reserved":
            return checkout.StockWasReserved()
        case "stock_rejected":
            shortages = event.stock_rejected.shortages
            unknown = tuple(shortage.sku for shortage in shortages if shortage.is_unknown)
            return checkout.StockWasRejected(unknown, tuple(shortage.sku for shortage in shortages if not shortage.is_unknown))
        case "stock_committed":
            return checkout.StockWasCommitted()
        case "stock_released":
            return checkout.StockWasReleased()
        case other:
            raise NotAnAnswer(f"inventory event for {event.order_id} of kind {other}")


def answer_from_pricing(event: redemptions.RedemptionEvent) -> checkout.Answer:
    """Return what pricing said of coupons. Raises NotAnAnswer."""
    match event.WhichOneof("kind"):
        case "coupons_redeemed":
            return checkout.CouponsWereRedeemed()
        case "coupons_refused":
            return checkout.CouponsWereRefused(event.coupons_refused.explanation)
        case "coupons_released":
            return checkout.CouponsWereReleased()
        case other:
            raise NotAnAnswer(f"redemption event for {event.order_id} of kind {other}")


def answer_from_payments(event: payment_events.PaymentEvent) -> checkout.Answer:
    """Return what payments said. Raises NotAnAnswer."""
    match event.WhichOneof("kind"):
        case "payment_declined":
            return checkout.PaymentWasDeclined(event.payment_declined.explanation)
        case "payment_capture_failed":
            return checkout.CaptureHasFailed(event.payment_capture_failed.explanation)
        case "payment_refund_failed":
            return checkout.RefundHasFailed(event.payment_refund_failed.explanation)
        case "payment_refunded":
            still_taken = event.payment_refunded.remaining.minor_units
            return checkout.PaymentWasRefundedInPart(still_taken) if still_taken > 0 else checkout.PaymentWasRefunded()
        case str(kind) if kind in BARE_PAYMENT_ANSWERS:
            return BARE_PAYMENT_ANSWERS[kind]
        case other:
            raise NotAnAnswer(f"payment event for {event.order_id} of kind {other}")


BARE_PAYMENT_ANSWERS: dict[str, checkout.Answer] = {
    "payment_authorised": checkout.PaymentWasAuthorised(),
    "payment_captured": checkout.PaymentWasCaptured(),
    "payment_voided": checkout.PaymentWasVoided(),
}


def _purchase(quote: Quote) -> order_events.Purchase:
    shipping = quote.shipping
    return order_events.Purchase(
        quote_id=quote.id,
        currency_code=quote.currency,
        country=quote.country,
        tax_included=quote.tax_included,
        lines=[
            order_events.OrderLine(
                sku=line.sku,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount=line.discount,
                tax=line.tax,
                total=line.total,
            )
            for line in quote.lines
        ],
        shipping=order_events.OrderShipping(
            method=shipping.method, price=shipping.price, discount=shipping.discount, tax=shipping.tax, total=shipping.total
        ),
        coupon_codes=quote.coupons,
        subtotal=quote.subtotal,
        discount=quote.discount,
        tax=quote.tax,
        total=quote.total,
    )


def _money(amount: Money) -> money_pb2.Money:
    return money_pb2.Money(currency_code=amount.currency, minor_units=amount.minor_units)
