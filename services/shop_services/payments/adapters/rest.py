"""Payments over HTTP: read them, give money back, and hear from the provider."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import msgspec
from shop_kit.http import Anybody, FieldFault, GuardedRoute, Problem, Scope, json, read_body, read_query
from shop_kit.http.cursors import cursor_of, no_such_cursor, read_cursor
from shop_kit.http.idempotency import once
from shop_kit.http.values import MoneyBody, MoneyView
from shop_kit.idempotency import Answer, Claim, IdempotencyKeys
from starlette.requests import Request
from starlette.responses import Response

from shop_services.payments.adapters.webhooks import Webhooks
from shop_services.payments.application.paying import PaymentUnknown
from shop_services.payments.application.ports import Clock, PaymentProvider, PaymentRepository, RefundPosition
from shop_services.payments.application.refunding import refund_part
from shop_services.payments.domain.payment import Payment, Refund, RefundNotPossible, RefundStatus, Refusal

READ, REFUND = "payments:read", "payments:refund"
LONGEST_ID = 100
"""No payment has a longer one, and DynamoDB takes no longer key than 2048 bytes."""


class RefundAmount(MoneyBody, forbid_unknown_fields=True, rename="camel"):
    """An amount above 0."""

    minor_units: Annotated[int, msgspec.Meta(ge=1, le=10**12)]


class RefundBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to give back; without an amount, all that is left."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    amount: RefundAmount | None = None


class OrderQuery(msgspec.Struct, rename="camel"):
    """Which order's."""

    order_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class RefusalView(msgspec.Struct):
    """Why the provider refused."""

    code: str
    explanation: str


class RefundView(msgspec.Struct, rename="camel", omit_defaults=True):
    """Money to give back, and whether it was."""

    id: str
    payment_id: str
    amount: MoneyView
    reason: str
    status: str
    refusal: RefusalView | None = None


class PaymentView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A payment as it is."""

    id: str
    order_id: str
    status: str
    refunds: list[RefundView]
    amount: MoneyView | None = None
    refusal: RefusalView | None = None


class PaymentsView(msgspec.Struct):
    """Payments of an order."""

    items: list[PaymentView]


class FailedRefundsView(msgspec.Struct, rename="camel"):
    """Refunds that a person has to see to, and where to go on."""

    items: list[RefundView]
    next_cursor: str | None


class PageQuery(msgspec.Struct):
    """Which page of a list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=800)] | None = None


@dataclass(frozen=True)
class PaymentsApi:
    """The routes of payments."""

    payments: PaymentRepository
    provider: PaymentProvider
    keys: IdempotencyKeys
    webhooks: Webhooks
    clock: Clock

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        return [
            GuardedRoute("/v1/payments", self.list_of_order, access=Scope(READ)),
            GuardedRoute("/v1/failed-refunds", self.list_failed_refunds, access=Scope(READ)),
            GuardedRoute("/v1/payments/{payment_id}", self.show, access=Scope(READ)),
            GuardedRoute("/v1/payments/{payment_id}/refunds", self.refund, methods=["POST"], access=Scope(REFUND)),
            GuardedRoute(
                "/v1/psp-webhooks", self.webhooks.receive, methods=["POST"], access=Anybody("the provider signs what it sends")
            ),
        ]

    async def list_of_order(self, request: Request) -> Response:
        """Answer with the payments of an order."""
        query = read_query(request, OrderQuery)
        return json(PaymentsView([_view(payment) for payment in await self.payments.of_order(query.order_id)]))

    async def show(self, request: Request) -> Response:
        """Answer with one payment."""
        payment_id = _payment_id(request)
        found = await self.payments.find(payment_id, fresh=True)
        if found is None:
            raise _not_found(payment_id)
        return json(_view(found))

    async def refund(self, request: Request) -> Response:
        """Give money back, once for each idempotency key."""
        body = await read_body(request, RefundBody)
        payment_id = _payment_id(request)
        return await once(request, lambda claim: self.keys.once(claim, partial(self._refund, payment_id, body, claim)))

    async def _refund(self, payment_id: str, body: RefundBody, claim: Claim) -> Answer:
        # Its id follows from the key: whoever repeats this after a crash finds the refund there, and gives nothing back twice.
        refund_id = f"ref_{hashlib.sha256(f'{claim.scope} {claim.key}'.encode()).hexdigest()[:26]}"
        amount = body.amount.money() if body.amount else None
        try:
            payment = await refund_part(
                payment_id, refund_id, amount, body.reason, payments=self.payments, provider=self.provider, clock=self.clock
            )
        except (PaymentUnknown, RefundNotPossible) as error:
            raise _refusal(error, payment_id) from error
        refund = payment.refund(refund_id)
        if refund is None or refund.status is RefundStatus.FAILED:
            raise _refused(refund)
        return Answer(201, msgspec.json.encode(_refund_view(payment.id, refund)))

    async def list_failed_refunds(self, request: Request) -> Response:
        """Answer with refunds that the provider refused: the money is still taken, and a person has to see to it."""
        query = read_query(request, PageQuery)
        behind = _behind(query.cursor) if query.cursor else None
        page = await self.payments.with_failed_refunds(limit=query.limit, behind=behind)
        items = [_refund_view(payment.id, refund) for payment in page.items for refund in payment.failed_refunds]
        return json(FailedRefundsView(items, _cursor(page.next_position) if page.next_position else None))


def _view(payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id,
        order_id=payment.order_id,
        status=payment.status.value,
        refunds=[_refund_view(payment.id, refund) for refund in payment.refunds],
        amount=MoneyView.of(payment.amount) if payment.amount else None,
        refusal=_refusal_view(payment.refusal),
    )


def _refund_view(payment_id: str, refund: Refund) -> RefundView:
    amount = MoneyView.of(refund.amount)
    return RefundView(refund.id, payment_id, amount, refund.reason, refund.status.value, _refusal_view(refund.refusal))


def _refusal_view(refusal: Refusal | None) -> RefusalView | None:
    return RefusalView(refusal.code, refusal.explanation) if refusal else None


def _refused(refund: Refund | None) -> Problem:
    detail = refund.refusal.explanation if refund and refund.refusal else "The payment provider gave no reason."
    return Problem(409, "The provider does not give this back", kind="refund-refused", detail=detail)


def _cursor(position: RefundPosition) -> str:
    return cursor_of({"id": position.payment_id, "at": position.asked_at_ms})


def _behind(cursor: str) -> RefundPosition:
    try:
        found = read_cursor(cursor)
        return RefundPosition(str(found["id"]), int(found["at"]))
    except (KeyError, ValueError) as error:
        raise no_such_cursor() from error


def _payment_id(request: Request) -> str:
    payment_id: str = request.path_params["payment_id"]
    if len(payment_id) > LONGEST_ID:
        raise _not_found(payment_id)
    return payment_id


def _not_found(payment_id: str) -> Problem:
    return Problem(404, "There is no such payment", kind="payment-not-found", detail=f"id {payment_id}")


def _refusal(error: PaymentUnknown | RefundNotPossible, payment_id: str) -> Problem:
    match error:
        case PaymentUnknown():
            return _not_found(payment_id)
        case _:
            fault = FieldFault("$.amount", "must be in the payment's currency and at most what is left of it")
            return Problem(409, "This cannot be given back", kind="refund-not-possible", detail=str(error), errors=[fault])
