"""Payments in DynamoDB: one item each, in a table with the keys `pk` and `sk`, with its outbox.

Refunds that are pending, or that a person has to see to, are found in a sparse index: only payments that have such a refund are in
it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

from shop_kit.aggregates.dynamo import DynamoAggregates, id_in_key, revision_of
from shop_kit.aws.dynamo import Dynamo, Item
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.shared_kernel import Money

from shop_services.payments.adapters.events import payment_event
from shop_services.payments.application.ports import PaymentPage, RefundPosition
from shop_services.payments.domain.payment import Payment, Refund, RefundStatus, Refusal, Status

BY_ORDER_INDEX = "by-order"
OPEN_REFUNDS_INDEX = "open-refunds"
KIND = "payment"


class DynamoPaymentRepository:
    """The PaymentRepository on the service's own table, with its outbox."""

    def __init__(self, dynamo: Dynamo, outbox: DynamoOutbox, *, table: str) -> None:
        self._dynamo = dynamo
        self._table = table
        self._payments = DynamoAggregates[Payment](
            dynamo, outbox, table=table, kind=KIND, to_item=_from_payment, from_item=_to_payment
        )

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        """Return the payment, as remembered unless `fresh`."""
        return await self._payments.find(payment_id, fresh=fresh)

    async def of_order(self, order_id: str) -> Sequence[Payment]:
        """Return the payments of an order; a payment of this very moment may still be missing."""
        page = await self._dynamo.query(self._table, "order_id = :order", {":order": order_id}, index=BY_ORDER_INDEX)
        return [_to_payment(item) for item in page.items]

    async def save(self, payment: Payment, *, handling: str | None = None, refund_id: str | None = None) -> Payment:
        """Write and announce. Raises Stale."""
        announce = partial(payment_event, refund_id=refund_id)
        return await self._payments.save(payment, handling=handling, announce=announce)

    async def intend(self, payment: Payment) -> Payment:
        """Write, and announce nothing. Raises Stale."""
        return await self._payments.save(payment)

    def with_pending_refunds(self, *, asked_before: float) -> AsyncIterator[str]:
        """Return what the index knows, which may be a moment behind."""
        values = {":pending": RefundStatus.PENDING.value, ":before": int(asked_before * 1000)}
        return self._payments.indexed(OPEN_REFUNDS_INDEX, "open_refund = :pending AND open_refund_at <= :before", values)

    async def with_failed_refunds(self, *, limit: int, behind: RefundPosition | None) -> PaymentPage:
        """Up to `limit` payments, as the index knows them."""
        page = await self._dynamo.query(
            self._table,
            "open_refund = :failed",
            {":failed": RefundStatus.FAILED.value},
            index=OPEN_REFUNDS_INDEX,
            limit=limit,
            start=_index_key(behind) if behind else None,
        )
        last = page.next_key
        position = RefundPosition(id_in_key(last), last["open_refund_at"]) if last else None
        return PaymentPage([_to_payment(item) for item in page.items], position)


def _index_key(position: RefundPosition) -> Item:
    key = {"pk": f"{KIND}#{position.payment_id}", "sk": KIND}
    return {**key, "open_refund": RefundStatus.FAILED.value, "open_refund_at": position.asked_at_ms}


def _from_payment(payment: Payment) -> Item:
    return {
        "order_id": payment.order_id,
        "status": payment.status.value,
        "customer_id": payment.customer_id,
        "issuer": payment.issuer,
        "currency": payment.amount.currency if payment.amount else None,
        "minor_units": payment.amount.minor_units if payment.amount else None,
        "refusal": _from_refusal(payment.refusal),
        "refunds": [_from_refund(refund) for refund in payment.refunds],
        **_open_refund(payment),
    }


def _open_refund(payment: Payment) -> Item:
    for status, refunds in (
        (RefundStatus.PENDING, payment.pending_refunds),
        (RefundStatus.FAILED, payment.failed_refunds),
    ):
        if refunds:
            return {"open_refund": status.value, "open_refund_at": int(refunds[0].asked_at * 1000)}
    return {}


def _from_refund(refund: Refund) -> Item:
    return {
        "id": refund.id,
        "currency": refund.amount.currency,
        "minor_units": refund.amount.minor_units,
        "reason": refund.reason,
        "asked_at_ms": int(refund.asked_at * 1000),
        "status": refund.status.value,
        "refusal": _from_refusal(refund.refusal),
    }


def _from_refusal(refusal: Refusal | None) -> Item | None:
    return {"code": refusal.code, "explanation": refusal.explanation} if refusal else None


def _to_payment(item: Item) -> Payment:
    return Payment(
        id=item["id"],
        order_id=item["order_id"],
        status=Status(item["status"]),
        amount=Money(item["currency"], item["minor_units"]) if "currency" in item else None,
        customer_id=item.get("customer_id"),
        issuer=item.get("issuer"),
        refusal=_to_refusal(item),
        refunds=tuple(_to_refund(one) for one in item["refunds"]),
        revision=revision_of(item),
    )


def _to_refund(item: Item) -> Refund:
    return Refund(
        id=item["id"],
        amount=Money(item["currency"], item["minor_units"]),
        reason=item["reason"],
        asked_at=item["asked_at_ms"] / 1000,
        status=RefundStatus(item["status"]),
        refusal=_to_refusal(item),
    )


def _to_refusal(item: Item) -> Refusal | None:
    found = item.get("refusal")
    return Refusal(found["code"], found["explanation"]) if found else None
