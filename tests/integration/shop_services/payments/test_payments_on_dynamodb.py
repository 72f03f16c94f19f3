"""Payments over HTTP with the provider's stand-in, on the real emulator."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.bare_platform import PlatformSettings, make_table
from fakes.provider_ledger import InMemoryLedger
from opentelemetry import trace
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.clock import SystemClock
from shop_kit.errors import Unavailable
from shop_kit.http.app import create_app
from shop_kit.http.server import listening_socket, serve
from shop_kit.idempotency.dynamo import DynamoIdempotency
from shop_kit.metrics import Metrics
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.resilience.declared import CallPolicy
from shop_kit.resilience.retry import Retry
from shop_kit.shared_kernel import Money
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import EventLog
from shop_services.payments.adapters.guarded_provider import GuardedProvider
from shop_services.payments.adapters.http_provider import HttpProvider
from shop_services.payments.adapters.payment_repository import DynamoPaymentRepository
from shop_services.payments.adapters.rest import PaymentsApi
from shop_services.payments.adapters.webhooks import Webhooks, signature
from shop_services.payments.application.paying import Authorise, authorise_payment, capture_payment, void_payment
from shop_services.payments.domain.payment import Status
from shop_services.psp.adapters.rest import PspApi
from shop_services.psp.application.provider import Provider
from shop_services.psp.domain.behaviour import Behaviour

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
KEY = Ed25519PrivateKey.generate()
POLICY = CallPolicy(service="psp", timeout_seconds=0.5, attempts=1, writes_at_once=64)
SECRET = "whsec"
EUROS = Money("EUR", 5000)


@dataclass
class Shop:
    """Payments in process, on real tables."""

    payments: DynamoPaymentRepository
    psp: Provider
    provider: GuardedProvider
    clock: HandClock
    http: httpx.AsyncClient
    psp_http: httpx.AsyncClient

    async def authorised(self, order: str, *, method: str = "tok_visa") -> Status:
        command = Authorise(f"pay-{order}", order, "cus-1", EUROS, method)
        payment = await authorise_payment(command, payments=self.payments, provider=self.provider, handling=uuid.uuid4().hex)
        return payment.status

    async def captured(self, order: str) -> Status:
        await self.authorised(order)
        payment = await capture_payment(f"pay-{order}", payments=self.payments, provider=self.provider, handling=uuid.uuid4().hex)
        return payment.status

    async def refund(self, order: str, key: str, body: object) -> httpx.Response:
        return await self.http.post(f"/v1/payments/pay-{order}/refunds", json=body, headers={"Idempotency-Key": key})

    async def ledger(self, order: str) -> dict[str, object]:
        (line,) = (await self.psp_http.get(f"/v1/charges?reference={order}")).json()["items"]
        return dict(line)

    async def hears(self, event: dict[str, object], *, secret: str = SECRET, age_seconds: int = 0) -> int:
        body, moment = json.dumps(event).encode(), str(int(self.clock.now()) - age_seconds)
        headers = {"psp-signature": f"t={moment},v1={signature(secret, moment, body)}", "content-type": "application/json"}
        return (await self.http.post("/v1/psp-webhooks", content=body, headers=headers)).status_code


@asynccontextmanager
async def serving(psp: Provider) -> AsyncIterator[str]:
    """The stand-in over HTTP, on a port of its own."""
    routes = PspApi(psp, None).routes()  # type: ignore[arg-type]  # nobody is told anything here
    app = create_app(routes, readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics())
    listener, stop = listening_socket(None, "127.0.0.1", 0), asyncio.Event()
    server = asyncio.create_task(serve(app, listener, stop=stop, grace_seconds=1))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        await server
        listener.close()


@pytest.fixture
async def shop(platform: PlatformSettings) -> AsyncIterator[Shop]:
    name = f"pay-{uuid.uuid4().hex[:8]}"
    async with AwsClient.connect(platform.aws) as client, AsyncExitStack() as parts:
        await make_table(
            client,
            name,
            "pk",
            "sk",
            indexes=[("by-order", "order_id", "id", "S"), ("open-refunds", "open_refund", "open_refund_at", "N")],
        )
        await make_table(client, f"{name}-outbox", "pk", "sk")
        dynamo, clock = Dynamo(client), HandClock()
        outbox = DynamoOutbox(
            dynamo,
            table=name,
            outbox_table=f"{name}-outbox",
            producer=EventLog(),  # type: ignore[arg-type]  # nothing is relayed here
            metrics=Metrics(),
            clock=SystemClock(),
        )
        payments = DynamoPaymentRepository(dynamo, outbox, table=name)
        psp = Provider(InMemoryLedger(), slow_seconds=1.5)
        url = await parts.enter_async_context(serving(psp))
        client_of_psp = await parts.enter_async_context(HttpProvider.connect(url, tracer=trace.get_tracer("test")))
        provider = GuardedProvider(client_of_psp, POLICY, Metrics())
        api = PaymentsApi(payments, provider, DynamoIdempotency(dynamo, name), Webhooks(payments, SECRET, clock), clock)
        app = create_app(
            api.routes(),
            readiness={},
            tracer=trace.get_tracer("test"),
            metrics=Metrics(),
            tokens=TokenVerifier(StaticKeys(KEY.public_key()), issuer="shop-edge", audience="shop-internal"),
        )
        token = TokenSigner(KEY, "shop-edge").sign(
            "agent-1", audience="shop-internal", scopes=["payments:read", "payments:refund"], lifetime_seconds=600
        )
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://payments", headers=headers) as http:
            yield Shop(payments, psp, provider, clock, http, await parts.enter_async_context(httpx.AsyncClient(base_url=url)))


async def test_the_same_refund_sent_twice_gives_money_back_once_and_the_same_answer(shop: Shop) -> None:
    await shop.captured("o1")
    body = {"reason": "broken", "amount": {"currency": "EUR", "minorUnits": 2000}}

    first = await shop.refund("o1", "k-1", body)
    again = await shop.refund("o1", "k-1", body)
    other = await shop.refund("o1", "k-1", {**body, "reason": "changed"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert (await shop.ledger("o1"))["refundedMinorUnits"] == 2000


async def test_two_refunds_at_once_under_one_key_have_one_effect(shop: Shop) -> None:
    await shop.captured("o1")
    body = {"reason": "broken", "amount": {"currency": "EUR", "minorUnits": 2000}}

    answers = await asyncio.gather(*(shop.refund("o1", "k-1", body) for _ in range(4)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}
    assert (await shop.ledger("o1"))["refundedMinorUnits"] == 2000


async def test_refunds_under_different_keys_never_exceed_what_was_taken(shop: Shop) -> None:
    await shop.captured("o1")
    body = {"reason": "broken", "amount": {"currency": "EUR", "minorUnits": 3000}}

    answers = await asyncio.gather(*(shop.refund("o1", f"k-{number}", body) for number in range(3)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert (await shop.ledger("o1"))["refundedMinorUnits"] == 3000


async def test_a_refusal_does_not_use_the_key_up(shop: Shop) -> None:
    await shop.captured("o1")
    too_much = {"reason": "broken", "amount": {"currency": "EUR", "minorUnits": 9999}}

    assert (await shop.refund("o1", "k-1", too_much)).status_code == 409
    assert (await shop.refund("o1", "k-1", {"reason": "broken"})).status_code == 201


async def test_a_provider_that_answers_too_late_holds_the_money_once(shop: Shop) -> None:
    with pytest.raises(Unavailable):
        await shop.authorised("o1", method="tok_slow")

    assert await shop.authorised("o1", method="tok_slow") is Status.AUTHORISED
    line = await shop.ledger("o1")
    assert (line["id"], line["status"], line["amount"], line["holds"]) == (
        "pay-o1",
        "held",
        {"currency": "EUR", "minorUnits": 5000},
        1,
    )


async def test_nobody_reads_payments_without_the_scope(shop: Shop) -> None:
    token = TokenSigner(KEY, "shop-edge").sign("cus-1", audience="shop-internal", scopes=["orders:read"], lifetime_seconds=60)
    await shop.captured("o1")

    without = await shop.http.get("/v1/payments/pay-o1", headers={"authorization": ""})
    other = await shop.http.get("/v1/payments/pay-o1", headers={"authorization": f"Bearer {token}"})
    allowed = await shop.http.get("/v1/payments?orderId=o1")

    assert (without.status_code, other.status_code) == (401, 403)
    assert [item["status"] for item in allowed.json()["items"]] == ["captured"]


async def test_what_the_provider_tells_has_one_effect_however_often_it_is_sent(shop: Shop) -> None:
    await shop.captured("o1")
    amount = {"currency": "EUR", "minorUnits": 1000}
    event: dict[str, object] = {"id": "evt-1", "type": "refund.created", "paymentId": "pay-o1", "refundId": "r-1", "amount": amount}

    assert [await shop.hears(event), await shop.hears(event)] == [204, 204]

    payment = (await shop.http.get("/v1/payments/pay-o1")).json()
    assert [refund["amount"]["minorUnits"] for refund in payment["refunds"]] == [1000]


async def test_a_call_that_is_forged_or_old_is_not_heard(shop: Shop) -> None:
    await shop.authorised("o1")
    event: dict[str, object] = {"id": "evt-1", "type": "authorisation.voided", "paymentId": "pay-o1"}

    assert await shop.hears(event, secret="guessed") == 401
    assert await shop.hears(event, age_seconds=301) == 401
    assert (await shop.http.get("/v1/payments/pay-o1")).json()["status"] == "authorised"
    assert await shop.hears(event) == 204
    assert (await shop.http.get("/v1/payments/pay-o1")).json()["status"] == "voided"


async def test_a_refund_that_the_provider_refuses_is_listed_for_a_person_and_stays_refused(shop: Shop) -> None:
    await shop.captured("o1")
    await shop.psp.refund("pay-o1", "console", EUROS)  # all of it is gone, and nobody told us

    first = await shop.refund("o1", "k-1", {"reason": "broken"})
    again = await shop.refund("o1", "k-1", {"reason": "broken"})
    listed = (await shop.http.get("/v1/failed-refunds")).json()
    forged = await shop.http.get("/v1/failed-refunds?cursor=e30")

    assert (first.status_code, first.json()["type"]) == (409, "/problems/refund-refused")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/refund-refused")
    assert [(one["paymentId"], one["status"], one["refusal"]["code"]) for one in listed["items"]] == [
        ("pay-o1", "failed", "amount_too_large")
    ]
    assert forged.status_code == 400


async def test_while_one_issuer_is_away_the_cards_of_all_others_are_charged(shop: Shop) -> None:
    shop.psp.behaviours["slowbank"] = Behaviour(never_answers=True)

    away = await asyncio.gather(
        *(shop.authorised(f"away-{number}", method="tok_slowbank") for number in range(POLICY.writes_at_once + 10)),
        return_exceptions=True,
    )
    others = await asyncio.gather(*(shop.authorised(f"other-{number}") for number in range(10)))

    assert {type(one).__name__ for one in away} == {"Unavailable", "Overloaded"}
    assert set(others) == {Status.AUTHORISED}

    shop.psp.behaviours.clear()
    patient = Retry(attempts=200, first_seconds=0.05, cap_seconds=0.2)
    assert await patient.run(lambda: shop.authorised("away-0", method="tok_slowbank")) is Status.AUTHORISED
    assert (await shop.ledger("away-0"))["holds"] == 1


@pytest.mark.parametrize("behaviour", [Behaviour(fails_before=True), Behaviour(fails_after=True), Behaviour(never_answers=True)])
async def test_however_the_provider_fails_money_is_held_and_taken_once(shop: Shop, behaviour: Behaviour) -> None:
    shop.psp.behaviours["*"] = behaviour
    with pytest.raises(Unavailable):
        await shop.authorised("o1")
    shop.psp.behaviours.clear()

    assert await shop.captured("o1") is Status.CAPTURED

    line = await shop.ledger("o1")
    assert (line["status"], line["holds"]) == ("captured", 1)


async def test_a_void_of_what_the_provider_never_heard_of_is_no_trouble(shop: Shop) -> None:
    payment = await void_payment("pay-o1", "o1", payments=shop.payments, provider=shop.provider, handling="m-1")

    assert payment.status is Status.VOIDED
