"""What the payment provider tells by itself, signed with HMAC-SHA-256 over time and body in the manner that providers use.

Header `Psp-Signature: t=<seconds since the epoch>,v1=<hex of HMAC(secret, "<t>.<body>")>`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

import msgspec
from shop_kit.clock import Clock
from shop_kit.http import Problem
from shop_kit.http.bodies import decode
from shop_kit.http.values import MoneyBody
from starlette.requests import Request
from starlette.responses import Response

from shop_services.payments.application.paying import PaymentUnknown, voided_by_provider
from shop_services.payments.application.ports import PaymentRepository
from shop_services.payments.application.refunding import refund_failed_at_provider, refunded_by_provider
from shop_services.payments.domain.payment import RefundNotPossible, Refusal

TOLERANCE_SECONDS = 300.0
"""How old a signed call may be: an older one is somebody's copy."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=500)]


class ProviderMoney(MoneyBody, forbid_unknown_fields=False, rename="camel"):
    """An amount that moved."""

    minor_units: Annotated[int, msgspec.Meta(ge=1)]


class PspEvent(msgspec.Struct, rename="camel"):
    """Something that happened at the provider. Providers add fields and types, so what is unknown is let through."""

    id: Id
    type: str
    payment_id: Id
    refund_id: Id | None = None
    amount: ProviderMoney | None = None
    failure_code: Text = "unknown"
    explanation: Text = "The payment provider gave no reason."


@dataclass(frozen=True)
class Webhooks:
    """Receives the provider's events. Each says what is true at the provider, so it has one effect however often it is sent."""

    payments: PaymentRepository
    secret: str
    clock: Clock

    async def receive(self, request: Request) -> Response:
        """Answer 204 when the event is taken (or was before, or is of no interest)."""
        body = await request.body()
        self._verify(request.headers.get("psp-signature", ""), body)
        event = decode(body, PspEvent)
        try:
            await self._take_in(event)
        except PaymentUnknown as error:
            raise Problem(404, "There is no such payment", kind="payment-not-found", detail=f"id {error.payment_id}") from error
        except RefundNotPossible as error:
            raise Problem(409, "This cannot have been given back", kind="refund-not-possible", detail=str(error)) from error
        return Response(status_code=204)

    async def _take_in(self, event: PspEvent) -> None:
        payments = self.payments
        match event:
            case PspEvent(type="authorisation.voided"):
                await voided_by_provider(event.payment_id, payments=payments)
            case PspEvent(type="refund.created", refund_id=str(refund_id), amount=ProviderMoney() as amount):
                await refunded_by_provider(event.payment_id, refund_id, amount.money(), payments=payments, clock=self.clock)
            case PspEvent(type="refund.failed", refund_id=str(refund_id)):
                refusal = Refusal(event.failure_code, event.explanation)
                await refund_failed_at_provider(event.payment_id, refund_id, refusal, payments=payments)

    def _verify(self, header: str, body: bytes) -> None:
        parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
        moment, given = parts.get("t", ""), parts.get("v1", "")
        expected = signature(self.secret, moment, body)
        if not (moment.isdecimal() and hmac.compare_digest(expected.encode(), given.encode())):
            raise Problem(401, "The signature does not hold", kind="bad-signature", detail="Psp-Signature: t=<seconds>,v1=<hex>")
        if abs(self.clock.now() - int(moment)) > TOLERANCE_SECONDS:
            raise Problem(401, "The signature is too old", kind="stale-signature", detail=f"at most {TOLERANCE_SECONDS:g} s")


def signature(secret: str, moment: str, body: bytes) -> str:
    """Return the hex digest that signs `body` at `moment`."""
    return hmac.digest(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hex()
