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

from shop_services.payments.application.paying import PaymentUnknown, refunded_by_provider, voided_by_provider
from shop_services.payments.application.ports import PaymentBook
from shop_services.payments.domain.payment import RefundNotPossible

TOLERANCE_SECONDS = 300.0
"""How old a signed call may be: an older one is somebody's copy."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


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


@dataclass(frozen=True)
class Webhooks:
    """Receives the provider's events, each with one effect however often it is sent."""

    book: PaymentBook
    secret: str
    clock: Clock

    async def receive(self, request: Request) -> Response:
        """Answer 204 when the event is taken (or was before, or is of no interest)."""
        body = await request.body()
        self._verify(request.headers.get("psp-signature", ""), body)
        event = decode(body, PspEvent)
        handling = f"psp-{event.id}"
        try:
            if event.type == "authorisation.voided":
                await voided_by_provider(event.payment_id, book=self.book, handling=handling)
            elif event.type == "refund.created" and event.refund_id and event.amount:
                amount = event.amount.money()
                await refunded_by_provider(event.payment_id, event.refund_id, amount, book=self.book, handling=handling)
        except PaymentUnknown as error:
            raise Problem(404, "There is no such payment", kind="payment-not-found", detail=f"id {error.payment_id}") from error
        except RefundNotPossible as error:
            raise Problem(409, "This cannot have been given back", kind="refund-not-possible", detail=str(error)) from error
        return Response(status_code=204)

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
