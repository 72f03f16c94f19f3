"""Quotes as visitors ask for them: over HTTP at the door, of pricing's own code over gRPC."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.backing_service import FakeService, json_answer
from fakes.pricing_in_process import Pricing, pricing_in_process
from opentelemetry import trace
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_kit.errors import Unavailable
from shop_kit.grpc.client import CallFailed
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.rate_limits import RateLimit
from shop_kit.resilience import deadline
from shop_kit.shared_kernel import MOST_ARTICLES
from shop_kit.testing.clock import HandClock
from shop_kit.testing.rate_limits import InMemoryRateLimiter
from shop_services.edge.adapters.gate import Limits
from shop_services.edge.adapters.quotes import GrpcQuotes, QuoteRoutes
from shop_services.edge.adapters.rest import EdgeApi
from shop_services.edge.adapters.tokens import EdgeTokens
from shop_services.edge.application.callers import Caller
from shop_services.edge.application.ports import Services

pytestmark = pytest.mark.anyio
MUGS = {"lines": [{"sku": "mug", "quantity": 2}], "currency": "EUR", "country": "DE"}
FROM_CART = {"cartId": "crt_1", "currency": "EUR", "country": "DE"}


@dataclass
class Door:
    """The edge before pricing in process; everybody else behind it is made up."""

    http: httpx.AsyncClient
    tokens: EdgeTokens
    cart: FakeService
    pricing: Pricing

    async def ask(self, body: object, *, by: str | None = None, key: str = "") -> httpx.Response:
        headers = {"idempotency-key": key or str(uuid.uuid4()), **self.bearer(by)}
        return await self.http.post("/v1/quotes", json=body, headers=headers)

    def bearer(self, by: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens.issue(by)}"} if by else {}


@asynccontextmanager
async def opened(pricing: Pricing, quotes: object = None) -> AsyncIterator[Door]:
    tokens, clock, plenty = EdgeTokens(Ed25519PrivateKey.generate(), HandClock()), HandClock(), RateLimit(1e6, 10**6)
    cart, others = FakeService(), cast("Any", FakeService())
    services = Services(**{**dict.fromkeys(Services.__dataclass_fields__, others), "cart": cart})

    def sign(caller: Caller) -> str:
        return pricing.token(caller.subject, *caller.scopes)

    routes = QuoteRoutes(services.pricing, cart, cast("Any", quotes) or GrpcQuotes(pricing.rpc, sign))
    limiter = InMemoryRateLimiter(lambda: clock.now() * 1000)
    front = EdgeApi(services, routes, tokens, limiter, lambda: Limits(plenty, plenty), b"secret")
    app = create_app(front.routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge") as http:
        yield Door(http, tokens, cart, pricing)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def pricing() -> AsyncIterator[Pricing]:
    async with pricing_in_process() as found:
        await found.price("mug", 1999)
        yield found


@pytest.fixture
async def door(pricing: Pricing) -> AsyncIterator[Door]:
    async with opened(pricing) as found:
        yield found


def subject_in(quote: dict[str, Any]) -> str:
    return str(jwt.decode(quote["token"], options={"verify_signature": False})["sub"])


async def test_a_quote_at_the_door_is_what_pricing_shows_of_it(door: Door) -> None:
    made = await door.ask(MUGS, by="gst_1")

    shown = await door.pricing.http.get(made.headers["location"], headers=door.pricing.headers("gst_1"))
    assert made.status_code == 201
    assert made.json() == shown.json()
    assert (made.json()["total"], subject_in(made.json())) == (4488, "gst_1")


async def test_without_a_token_it_is_a_quote_for_anybody(door: Door) -> None:
    quote = (await door.ask(MUGS)).json()

    assert (quote["customerId"], subject_in(quote)) == (None, "guest")


async def test_what_is_in_ones_own_cart_is_quoted_and_no_other_cart_is_there(door: Door) -> None:
    door.cart.answer = json_answer(200, {"id": "crt_1", "items": [{"sku": "mug", "quantity": 3, "unitPrice": None}]})
    own = await door.ask(FROM_CART, by="gst_1")
    door.cart.answer = json_answer(404, {"type": "/problems/no-such-cart"})
    others = await door.ask({**FROM_CART, "cartId": "crt_2/../crt_1"}, by="gst_1")

    assert [(line["sku"], line["quantity"]) for line in own.json()["lines"]] == [("mug", 3)]
    assert (others.status_code, others.json()["type"]) == (404, "/problems/no-such-cart")
    assert [(asked.path, asked.customer) for asked in door.cart.asked] == [
        ("/v1/carts/crt_1", "gst_1"),
        ("/v1/carts/crt_2%2F..%2Fcrt_1", "gst_1"),
    ]
    assert "carts:read" in door.cart.asked[0].scopes


async def test_an_empty_cart_costs_nothing_and_is_not_quoted(door: Door) -> None:
    door.cart.answer = json_answer(200, {"id": "crt_1", "items": []})

    refused = await door.ask(FROM_CART, by="gst_1")

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/cart-empty")


async def test_nobody_in_particular_has_no_cart(door: Door) -> None:
    refused = await door.ask(FROM_CART)

    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/not-authenticated")
    assert not door.cart.asked


async def test_the_same_request_has_the_same_answer_and_another_under_its_key_is_refused(door: Door) -> None:
    first = await door.ask(MUGS, by="gst_1", key="once")
    again = await door.ask(MUGS, by="gst_1", key="once")
    other = await door.ask({**MUGS, "country": "AT"}, by="gst_1", key="once")
    somebody_else = await door.ask(MUGS, by="gst_2", key="once")

    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert "idempotency-replayed" not in first.headers
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert subject_in(somebody_else.json()) == "gst_2"


@pytest.mark.parametrize(
    ("change", "kind", "fields"),
    [
        ({"lines": [{"sku": "no-such", "quantity": 1}]}, "no-price", ["$.lines[0].sku"]),
        ({"country": "AQ"}, "country-not-served", ["$.country"]),
        ({"shippingMethod": "drone"}, "shipping-not-offered", ["$.shippingMethod"]),
        ({"couponCodes": ["NONE"]}, "coupon-not-valid", ["$.couponCodes[0]"]),
        ({"lines": [{"sku": "../mug", "quantity": 1}]}, "invalid-body", ["$.lines[0].sku"]),
        ({"lines": [{"sku": "mug", "quantity": 0}]}, "invalid-body", ["$.lines[0].quantity"]),
        ({"lines": [{"sku": "mug", "quantity": 2**40}]}, "invalid-body", ["$.lines[0].quantity"]),
        ({"lines": []}, "invalid-body", ["$.lines"]),
        ({"customerGroup": "staff"}, "invalid-body", ["$.customerGroup"]),
        ({"cartId": "crt_1"}, "invalid-body", ["$"]),
        ({"lines": None}, "invalid-body", ["$.lines"]),
    ],
)
async def test_what_is_refused_is_refused_as_over_pricings_own_http(
    door: Door, change: dict[str, Any], kind: str, fields: list[str]
) -> None:
    refused = await door.ask({**MUGS, **change}, by="gst_1")

    assert (refused.status_code, refused.json()["type"]) == (422, f"/problems/{kind}")
    assert [fault["field"] for fault in refused.json()["errors"]] == fields
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_quote_has_no_more_articles_than_an_order_takes(door: Door) -> None:
    for number in range(MOST_ARTICLES):
        await door.pricing.price(f"sku-{number}", 100)
    lines = [{"sku": f"sku-{number}", "quantity": 1} for number in range(MOST_ARTICLES)]

    most = await door.ask({**MUGS, "lines": lines}, by="gst_1")
    more = await door.ask({**MUGS, "lines": [*lines, {"sku": "mug", "quantity": 1}]}, by="gst_1")
    wrong = await door.ask({**MUGS, "lines": [{"sku": "!" * 64, "quantity": 1}] * MOST_ARTICLES}, by="gst_1")

    assert most.status_code == 201
    assert (more.status_code, more.json()["errors"][0]["field"]) == (422, "$.lines")
    assert (wrong.status_code, len(wrong.json()["errors"])) == (422, MOST_ARTICLES)


class Slow:
    """Pricing that takes its time."""

    def __init__(self) -> None:
        self.asked, self.cancelled = asyncio.Event(), asyncio.Event()
        self.seconds_left: float | None = None

    async def make(self, wanted: messages.CreateQuoteRequest, *, caller: Caller) -> messages.CreateQuoteResponse:
        del wanted, caller
        self.seconds_left = deadline.seconds_left()
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
        raise AssertionError("nobody waits so long")


async def test_the_visitors_deadline_travels_and_ends_the_work(pricing: Pricing) -> None:
    slow = Slow()
    async with opened(pricing, slow) as door:
        headers = {"idempotency-key": str(uuid.uuid4()), "x-deadline-ms": "50"}
        late = await door.http.post("/v1/quotes", json=MUGS, headers=headers)

    assert (late.status_code, late.json()["type"]) == (504, "/problems/timed-out")
    assert slow.seconds_left is not None
    assert slow.seconds_left <= 0.05
    assert slow.cancelled.is_set()


class Failing:
    """Pricing that fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def make(self, wanted: messages.CreateQuoteRequest, *, caller: Caller) -> messages.CreateQuoteResponse:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Unavailable("pricing", "connection refused"), 503, "unavailable"),
        (CallFailed("pricing", grpc.StatusCode.PERMISSION_DENIED, "no"), 502, "bad-gateway"),
        (CallFailed("pricing", grpc.StatusCode.INTERNAL, "boom"), 502, "bad-gateway"),
    ],
)
async def test_that_pricing_fails_is_said_and_no_price_is_made_up(
    pricing: Pricing, error: Exception, status: int, kind: str
) -> None:
    async with opened(pricing, Failing(error)) as door:
        answer = await door.ask(MUGS)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
