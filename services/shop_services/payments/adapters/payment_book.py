"""Payments in DynamoDB: one item a payment, written under its version together with the message it answers and the event."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from shop_kit.aws.dynamo import Dynamo, Item, Put, TransactionCancelled, Write
from shop_kit.inbox import AlreadyHandled
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.shared_kernel import Money

from shop_services.payments.adapters.events import payment_event
from shop_services.payments.application.ports import HandledBefore, PaymentBook, Stale
from shop_services.payments.domain.payment import Payment, Refund, Refusal, Status

BY_ORDER_INDEX = "by-order"
REMEMBERED = 10_000
MoreWrites = Callable[[Payment], Sequence[Write]]


def _nothing_more(_payment: Payment) -> Sequence[Write]:
    return ()


class DynamoPaymentBook(PaymentBook):
    """The PaymentBook on the service's own table, with its outbox."""

    def __init__(self, dynamo: Dynamo, outbox: DynamoOutbox, *, table: str, more: MoreWrites = _nothing_more) -> None:
        self._more = more
        self._dynamo = dynamo
        self._outbox = outbox
        self._table = table
        self._known: OrderedDict[str, Payment] = OrderedDict()

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        """Return the payment, as remembered unless `fresh`."""
        known = None if fresh else self._known.get(payment_id)
        if known is not None:
            return known
        found = await self._dynamo.get(self._table, _key(payment_id))
        return _to_payment(found) if found else None

    async def of_order(self, order_id: str) -> Sequence[Payment]:
        """Return the payments of an order; a payment of this very moment may still be missing."""
        page = await self._dynamo.query(self._table, "order_id = :order", {":order": order_id}, index=BY_ORDER_INDEX)
        return [_to_payment(item) for item in page.items]

    def also_writing(self, more: MoreWrites) -> DynamoPaymentBook:
        """This book, with further writes in the transaction of each `record`."""
        book = DynamoPaymentBook(self._dynamo, self._outbox, table=self._table, more=more)
        book._known = self._known
        return book

    async def record(self, payment: Payment, *, handling: str | None, refund: Refund | None = None) -> None:
        """Write and announce. Raises Stale, HandledBefore."""
        writes = [self._put(payment), *self._more(payment)]
        try:
            await self._outbox.commit(writes, messages=[payment_event(payment, refund)], handling=handling)
        except AlreadyHandled as error:
            raise HandledBefore from error
        except TransactionCancelled as error:
            self._known.pop(payment.id, None)
            raise Stale from error
        self._known[payment.id] = payment
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _put(self, payment: Payment) -> Put:
        return Put(
            self._table,
            _from_payment(payment),
            condition="attribute_not_exists(pk)" if payment.version == 1 else "version = :before",
            values={} if payment.version == 1 else {":before": payment.version - 1},
        )


def _key(payment_id: str) -> dict[str, str]:
    return {"pk": f"payment#{payment_id}", "sk": "payment"}


def _from_payment(payment: Payment) -> Item:
    return {
        **_key(payment.id),
        "id": payment.id,
        "order_id": payment.order_id,
        "status": payment.status.value,
        "version": payment.version,
        "customer_id": payment.customer_id,
        "currency": payment.amount.currency if payment.amount else None,
        "minor_units": payment.amount.minor_units if payment.amount else None,
        "refusal_code": payment.refusal.code if payment.refusal else None,
        "refusal_explanation": payment.refusal.explanation if payment.refusal else None,
        "refunds": [
            {"id": one.id, "currency": one.amount.currency, "minor_units": one.amount.minor_units, "reason": one.reason}
            for one in payment.refunds
        ],
    }


def _to_payment(item: Item) -> Payment:
    return Payment(
        id=item["id"],
        order_id=item["order_id"],
        status=Status(item["status"]),
        version=item["version"],
        amount=Money(item["currency"], item["minor_units"]) if "currency" in item else None,
        customer_id=item.get("customer_id"),
        refusal=Refusal(item["refusal_code"], item["refusal_explanation"]) if "refusal_code" in item else None,
        refunds=tuple(Refund(one["id"], Money(one["currency"], one["minor_units"]), one["reason"]) for one in item["refunds"]),
    )
