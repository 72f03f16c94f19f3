"""The stand-in as its callers see it: what merchants ask, and what is made happen at its console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fakes.provider_ledger import InMemoryLedger
from opentelemetry import trace
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_services.psp.adapters.rest import PspApi
from shop_services.psp.application.provider import Provider

pytestmark = pytest.mark.anyio
MONEY = {"currency": "EUR", "minorUnits": 5000}
MERCHANT = "http://127.0.0.1:8080/v1/psp-webhooks"


@dataclass
class Told:
    """Keeps what merchants would be told."""

    events: list[tuple[str, str, dict[str, Any], int]] = field(default_factory=list)

    async def send(self, url: str, event_type: str, facts: dict[str, Any], *, times: int) -> list[int]:
        self.events.append((url, event_type, facts, times))
        return [204] * times


@dataclass
class Psp:
    """The stand-in in process."""

    http: httpx.AsyncClient
    told: Told

    async def charge(self, charge_id: str, *, card: str = "tok_visa") -> httpx.Response:
        body = {"reference": "o1", "amount": MONEY, "methodToken": card}
        return await self.http.put(f"/v1/charges/{charge_id}", json=body)

    async def captured(self, charge_id: str, *, card: str = "tok_visa") -> None:
        await self.charge(charge_id, card=card)
        assert (await self.http.post(f"/v1/charges/{charge_id}/capture")).status_code == 200

    async def refund(self, charge_id: str, refund_id: str, minor_units: int = 5000) -> httpx.Response:
        amount = {"currency": "EUR", "minorUnits": minor_units}
        return await self.http.put(f"/v1/charges/{charge_id}/refunds/{refund_id}", json={"amount": amount})

    async def line(self, charge_id: str) -> dict[str, Any]:
        items = (await self.http.get("/v1/charges", params={"reference": "o1"})).json()["items"]
        return next(one for one in items if one["id"] == charge_id)


@pytest.fixture
async def psp() -> AsyncIterator[Psp]:
    told = Told()
    routes = PspApi(Provider(InMemoryLedger()), told).routes()  # type: ignore[arg-type]  # keeps instead of sending
    app = create_app(routes, readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://psp") as http:
        yield Psp(http, told)


async def test_what_is_asked_twice_happens_once(psp: Psp) -> None:
    for _ in range(2):
        assert (await psp.charge("c1")).status_code == 200
        assert (await psp.http.post("/v1/charges/c1/capture")).json()["status"] == "captured"
        assert (await psp.refund("c1", "r1", 2000)).json()["status"] == "succeeded"

    line = await psp.line("c1")
    assert (line["holds"], line["status"], line["refundedMinorUnits"]) == (1, "captured", 2000)


async def test_a_refusal_for_good_is_an_answer_with_its_code(psp: Psp) -> None:
    await psp.charge("c1", card="tok_capture_fails")
    await psp.captured("c2", card="tok_refund_fails")

    capture = await psp.http.post("/v1/charges/c1/capture")
    refund = await psp.refund("c2", "r1")

    assert [(one.status_code, one.json()["errors"][0]["message"]) for one in (capture, refund)] == [
        (402, "authorisation_expired"),
        (402, "account_closed"),
    ]
    assert (await psp.http.get("/v1/charges/c2/refunds/r1")).json()["status"] == "failed"
    assert (await psp.line("c1"))["status"] == "voided", "what cannot be taken is not held any longer"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/charges/nope/capture"),
        ("POST", "/v1/charges/nope/void"),
        ("GET", "/v1/charges/nope/refunds/r1"),
        ("GET", "/v1/charges/c1/refunds/nope"),
    ],
)
async def test_what_was_never_heard_of_is_not_found(psp: Psp, method: str, path: str) -> None:
    await psp.charge("c1")

    assert (await psp.http.request(method, path)).status_code == 404


async def test_a_card_that_fails_at_first_is_held_in_the_end(psp: Psp) -> None:
    statuses = [(await psp.charge("c1", card="tok_error")).status_code for _ in range(3)]

    assert statuses == [503, 503, 200]


async def test_misbehaviour_is_for_one_issuer_or_all_others_until_it_is_taken_back(psp: Psp) -> None:
    await psp.http.put("/v1/console/behaviours/visa", json={"failsBefore": True})
    await psp.http.put("/v1/console/behaviours/*", json={"declineCode": "lost_card"})

    assert (await psp.charge("c1", card="tok_visa")).status_code == 503
    assert (await psp.charge("c2", card="tok_other")).json()["decline"]["code"] == "lost_card"
    listed = (await psp.http.get("/v1/console/behaviours")).json()["issuers"]
    await psp.http.delete("/v1/console/behaviours/visa")
    await psp.http.delete("/v1/console/behaviours/*")

    assert sorted(listed) == ["*", "visa"]
    assert (await psp.charge("c1", card="tok_visa")).json()["status"] == "held"


async def test_a_failure_after_the_effect_leaves_the_effect(psp: Psp) -> None:
    await psp.charge("c1")
    await psp.http.put("/v1/console/behaviours/visa", json={"failsAfter": True})

    assert (await psp.http.post("/v1/charges/c1/capture")).status_code == 503

    assert (await psp.line("c1"))["status"] == "captured"


async def test_the_console_makes_things_happen_and_tells_the_merchant(psp: Psp) -> None:
    await psp.charge("c1")
    await psp.captured("c2")
    console, here = "/v1/console/charges", {"webhookUrl": MERCHANT}

    voided = await psp.http.post(f"{console}/c1/void", json=here)
    given = await psp.http.post(f"{console}/c2/refunds/r1", json={**here, "amount": MONEY, "times": 2})
    returned = await psp.http.post(f"{console}/c2/refunds/r1/return", json=here)

    assert [one.json()["statuses"] for one in (voided, given, returned)] == [[204], [204, 204], [204]]
    assert [(kind, facts["paymentId"], times) for _, kind, facts, times in psp.told.events] == [
        ("authorisation.voided", "c1", 1),
        ("refund.created", "c2", 2),
        ("refund.failed", "c2", 1),
    ]
    assert (await psp.line("c2"))["refundedMinorUnits"] == 0


async def test_nobody_beyond_this_machine_is_told_anything(psp: Psp) -> None:
    await psp.charge("c1")

    answer = await psp.http.post("/v1/console/charges/c1/void", json={"webhookUrl": "http://192.0.2.1:80/"})

    assert (answer.status_code, psp.told.events) == (422, [])
