"""The provider over HTTP: what merchants ask of it, and a console to make things happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from shop_kit.http import Anybody, FieldFault, GuardedRoute, Problem, json, read_body, read_query
from shop_kit.http.values import MoneyBody, MoneyView
from starlette.requests import Request
from starlette.responses import Response

from shop_services.psp.adapters.webhooks import Webhooks
from shop_services.psp.application.provider import ChargeUnknown, Provider, RefundUnknown
from shop_services.psp.domain.behaviour import Behaviour
from shop_services.psp.domain.charge import CLOSED, Charge, Refund, Refusal, Refused

LONGEST_ID = 100
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
OPEN = Anybody("it stands in for somebody else's service, on loopback, and moves no money")


class Amount(MoneyBody, forbid_unknown_fields=True, rename="camel"):
    """An amount above 0."""

    minor_units: Annotated[int, msgspec.Meta(ge=1, le=10**12)]


class ChargeBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What to hold, on which card, for what of the merchant's."""

    reference: Id
    amount: Amount
    method_token: Annotated[str, msgspec.Meta(pattern=r"^tok_[A-Za-z0-9_]{1,60}\Z")]


class RefundBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to give back."""

    amount: Amount


class BehaviourBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """How to misbehave."""

    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    fails_before: bool = False
    fails_after: bool = False
    never_answers: bool = False
    decline_code: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{0,60}\Z")] | None = None

    def behaviour(self) -> Behaviour:
        """Return the same in the domain's words."""
        return Behaviour(self.latency_ms / 1000, self.fails_before, self.fails_after, self.never_answers, self.decline_code)


class TellBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Whom to tell, and how often the same event is sent."""

    webhook_url: Annotated[str, msgspec.Meta(pattern=r"^http://(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}/", max_length=300)]
    times: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1


class TellRefundBody(TellBody, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Whom to tell of a refund that the merchant did not ask for."""

    amount: Amount


class ReferenceQuery(msgspec.Struct):
    """Whose charges."""

    reference: Id


class RefusalView(msgspec.Struct):
    """Why not."""

    code: str
    explanation: str


class RefundView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A refund and how it ended."""

    id: str
    amount: MoneyView
    status: str
    refusal: RefusalView | None = None


class ChargeView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A line of the ledger."""

    id: str
    reference: str
    status: str
    amount: MoneyView
    refunded_minor_units: int
    holds: int
    refunds: list[RefundView]
    decline: RefusalView | None = None


class ChargesView(msgspec.Struct):
    """Lines of the ledger."""

    items: list[ChargeView]


class ToldView(msgspec.Struct):
    """What the merchant answered to each delivery."""

    statuses: list[int]


class BehavioursView(msgspec.Struct):
    """How the provider misbehaves, by issuer."""

    issuers: dict[str, BehaviourBody]


@dataclass(frozen=True)
class PspApi:
    """The routes of the stand-in."""

    provider: Provider
    webhooks: Webhooks

    def routes(self) -> Sequence[GuardedRoute]:
        """Return all paths and what serves them."""
        one = "/v1/charges/{charge_id}"
        return [
            GuardedRoute("/v1/charges", self.list_charges, access=OPEN),
            GuardedRoute(one, self.put_charge, methods=["PUT"], access=OPEN),
            GuardedRoute(f"{one}/capture", self.capture, methods=["POST"], access=OPEN),
            GuardedRoute(f"{one}/void", self.void, methods=["POST"], access=OPEN),
            GuardedRoute(f"{one}/refunds/{{refund_id}}", self.put_refund, methods=["PUT"], access=OPEN),
            GuardedRoute(f"{one}/refunds/{{refund_id}}", self.show_refund, access=OPEN),
            GuardedRoute("/v1/console/behaviours", self.list_behaviours, access=OPEN),
            GuardedRoute("/v1/console/behaviours/{issuer}", self.misbehave, methods=["PUT"], access=OPEN),
            GuardedRoute("/v1/console/behaviours/{issuer}", self.behave, methods=["DELETE"], access=OPEN),
            GuardedRoute("/v1/console/charges/{charge_id}/void", self.void_and_tell, methods=["POST"], access=OPEN),
            GuardedRoute(
                "/v1/console/charges/{charge_id}/refunds/{refund_id}", self.refund_and_tell, methods=["POST"], access=OPEN
            ),
            GuardedRoute(
                "/v1/console/charges/{charge_id}/refunds/{refund_id}/return", self.return_and_tell, methods=["POST"], access=OPEN
            ),
        ]

    # What merchants ask.

    async def list_charges(self, request: Request) -> Response:
        """Answer with the ledger's lines for something of the merchant's."""
        query = read_query(request, ReferenceQuery)
        return json(ChargesView([_view(charge) for charge in await self.provider.ledger.of_reference(query.reference)]))

    async def put_charge(self, request: Request) -> Response:
        """Hold an amount, once for each id; a decline is an answer."""
        body = await read_body(request, ChargeBody)
        charge = await self.provider.charge(_id(request, "charge_id"), body.reference, body.amount.money(), body.method_token)
        return json(_view(charge))

    async def capture(self, request: Request) -> Response:
        """Take what is held."""
        with _as_problems():
            return json(_view(await self.provider.capture(_id(request, "charge_id"))))

    async def void(self, request: Request) -> Response:
        """Let go of what is held."""
        with _as_problems():
            return json(_view(await self.provider.void(_id(request, "charge_id"))))

    async def put_refund(self, request: Request) -> Response:
        """Give an amount back, once for each id."""
        body = await read_body(request, RefundBody)
        charge_id, refund_id = _id(request, "charge_id"), _id(request, "refund_id")
        with _as_problems():
            return json(_refund_view(await self.provider.refund(charge_id, refund_id, body.amount.money())))

    async def show_refund(self, request: Request) -> Response:
        """Answer with a refund and how it ended."""
        charge = await self.provider.ledger.find(_id(request, "charge_id"))
        refund = charge.refund(_id(request, "refund_id")) if charge else None
        if refund is None:
            raise _not_found("refund")
        return json(_refund_view(refund))

    # The console: what a developer or a test makes happen.

    async def list_behaviours(self, _request: Request) -> Response:
        """Answer with all misbehaviour."""
        found = {issuer: _behaviour_body(behaviour) for issuer, behaviour in self.provider.behaviours.items()}
        return json(BehavioursView(found))

    async def misbehave(self, request: Request) -> Response:
        """Misbehave for the cards of an issuer, or with `*` for all that are not named, until told otherwise."""
        body = await read_body(request, BehaviourBody)
        self.provider.behaviours[_id(request, "issuer")] = body.behaviour()
        return await self.list_behaviours(request)

    async def behave(self, request: Request) -> Response:
        """Behave well again."""
        self.provider.behaviours.pop(_id(request, "issuer"), None)
        return await self.list_behaviours(request)

    async def void_and_tell(self, request: Request) -> Response:
        """Let the card's bank let go of what it holds, and tell the merchant."""
        body = await read_body(request, TellBody)
        charge_id = _id(request, "charge_id")
        with _as_problems():
            await self.provider.void(charge_id)
        return await self._tell(body, "authorisation.voided", {"paymentId": charge_id})

    async def refund_and_tell(self, request: Request) -> Response:
        """Give money back that the merchant did not ask for, and tell them."""
        body = await read_body(request, TellRefundBody)
        charge_id, refund_id = _id(request, "charge_id"), _id(request, "refund_id")
        with _as_problems():
            await self.provider.refund(charge_id, refund_id, body.amount.money())
        amount = MoneyView.of(body.amount.money())
        return await self._tell(body, "refund.created", {"paymentId": charge_id, "refundId": refund_id, "amount": amount})

    async def return_and_tell(self, request: Request) -> Response:
        """Let the customer's bank send the money of a refund back, and tell the merchant."""
        body = await read_body(request, TellBody)
        charge_id, refund_id = _id(request, "charge_id"), _id(request, "refund_id")
        with _as_problems():
            refund = await self.provider.return_refund(charge_id, refund_id)
        why = refund.refusal or CLOSED
        facts = {"paymentId": charge_id, "refundId": refund_id, "failureCode": why.code, "explanation": why.explanation}
        return await self._tell(body, "refund.failed", facts)

    async def _tell(self, body: TellBody, event_type: str, facts: dict[str, Any]) -> Response:
        return json(ToldView(await self.webhooks.send(body.webhook_url, event_type, facts, times=body.times)))


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        why = refused.refusal
        raise Problem(402, why.explanation, kind=f"refused-{why.code}", errors=[FieldFault("code", why.code)]) from refused
    except ChargeUnknown as unknown:
        raise _not_found("charge") from unknown
    except RefundUnknown as unknown:
        raise _not_found("refund") from unknown


def _id(request: Request, name: str) -> str:
    found: str = request.path_params[name]
    if len(found) > LONGEST_ID:
        raise _not_found(name)
    return found


def _not_found(what: str) -> Problem:
    return Problem(404, f"There is no such {what}", kind=f"{what}-not-found", detail="the provider never heard of it")


def _view(charge: Charge) -> ChargeView:
    return ChargeView(
        id=charge.id,
        reference=charge.reference,
        status=charge.status.value,
        amount=MoneyView.of(charge.amount),
        refunded_minor_units=charge.refunded_minor_units,
        holds=charge.holds,
        refunds=[_refund_view(refund) for refund in charge.refunds],
        decline=_refusal_view(charge.decline),
    )


def _refund_view(refund: Refund) -> RefundView:
    status = "failed" if refund.refusal else "succeeded"
    return RefundView(refund.id, MoneyView.of(refund.amount), status, _refusal_view(refund.refusal))


def _refusal_view(refusal: Refusal | None) -> RefusalView | None:
    return RefusalView(refusal.code, refusal.explanation) if refusal else None


def _behaviour_body(one: Behaviour) -> BehaviourBody:
    milliseconds = int(one.latency_seconds * 1000)
    return BehaviourBody(milliseconds, one.fails_before, one.fails_after, one.never_answers, one.decline_code)
