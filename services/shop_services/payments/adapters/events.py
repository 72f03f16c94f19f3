"""Payments as Protobuf events."""

from __future__ import annotations

from shop_contracts.proto.common.v1.money_pb2 import Money as MoneyMessage
from shop_contracts.proto.payments.v1 import events_pb2
from shop_kit.messages import OutgoingMessage, outgoing
from shop_kit.shared_kernel import Money

from shop_services.payments.domain.payment import Payment, Refund, RefundStatus, Refusal, Status

EVENTS_TOPIC = "shop.payments.events.v1"
COMMANDS_TOPIC = "shop.payments.commands.v1"
SOURCE = "/shop/payments"

_NO_REFUSAL = Refusal("unknown", "The payment provider gave no reason.")


def payment_event(payment: Payment, *, refund_id: str | None = None) -> OutgoingMessage:
    """What is true of the payment now, or how its refund `refund_id` ended, as the message that says so.

    The key is the order's id.
    """
    event = events_pb2.PaymentEvent(order_id=payment.order_id, payment_id=payment.id)
    refund = payment.refund(refund_id) if refund_id else None
    if refund is not None:
        _tell_refund(event, refund, payment)
    else:
        _tell_status(event, payment)
    return outgoing(EVENTS_TOPIC, payment.order_id, event, source=SOURCE, sequence=payment.revision.sequence)


def _tell_refund(event: events_pb2.PaymentEvent, refund: Refund, payment: Payment) -> None:
    match refund.status:
        case RefundStatus.SUCCEEDED:
            event.payment_refunded.amount.CopyFrom(_money(refund.amount))
            event.payment_refunded.remaining.CopyFrom(_money(payment.kept))
        case RefundStatus.FAILED:
            refusal = refund.refusal or _NO_REFUSAL
            event.payment_refund_failed.amount.CopyFrom(_money(refund.amount))
            event.payment_refund_failed.failure_code = refusal.code
            event.payment_refund_failed.explanation = refusal.explanation
        case RefundStatus.PENDING:
            raise ValueError(f"refund {refund.id} of {event.payment_id} has no outcome to tell")


def _tell_status(event: events_pb2.PaymentEvent, payment: Payment) -> None:
    refusal = payment.refusal or _NO_REFUSAL
    match payment.status:
        case Status.AUTHORISED:
            event.payment_authorised.amount.CopyFrom(_money(payment.amount))
        case Status.DECLINED:
            event.payment_declined.decline_code = refusal.code
            event.payment_declined.explanation = refusal.explanation
        case Status.CAPTURED:
            event.payment_captured.amount.CopyFrom(_money(payment.amount))
        case Status.CAPTURE_FAILED:
            event.payment_capture_failed.failure_code = refusal.code
            event.payment_capture_failed.explanation = refusal.explanation
        case Status.VOIDED:
            event.payment_voided.SetInParent()
        case Status.REFUNDED:
            event.payment_refunded.amount.CopyFrom(_money(payment.amount))
            event.payment_refunded.remaining.CopyFrom(_money(payment.kept))


def _money(money: Money | None) -> MoneyMessage:
    return MoneyMessage(currency_code=money.currency, minor_units=money.minor_units) if money else MoneyMessage()
