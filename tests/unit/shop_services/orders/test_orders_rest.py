"""Orders' REST as its callers meet it, over orders kept in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from anyio.lowlevel import checkpoint
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.quotes import QuoteSigner, a_quote
from opentelemetry import trace
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.http.app import create_app
from shop_kit.http.cursors import Position, cursor_of
from shop_kit.metrics import Metrics
from shop_kit.shared_kernel import Money
from shop_services.orders.adapters.identifiers import new_order_id
from shop_services.orders.adapters.in_memory import InMemoryOrders
from shop_services.orders.adapters.quotes import SignedQuotes
from shop_services.orders.adapters.rest import OrdersApi
from shop_services.orders.application.ports import CheckoutPolicy
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.checkout import (
    Answer,
    AuthorisePayment,
    PaymentWasAuthorised,
    PaymentWasCaptured,
    RefundHasFailed,
    ReserveStock,
    StockWasCommitted,
    StockWasReleased,
    StockWasReserved,
)

pytestmark = pytest.mark.anyio

KEY = Ed25519PrivateKey.generate()
POLICY = CheckoutPolicy(timedelta(seconds=90), timedelta(seconds=5), timedelta(seconds=60))
PRICING = QuoteSigner()
SCOPES = ("orders:place", "orders:read", "orders:cancel")


def mugs(**claims: Any) -> dict[str, Any]:
    """An order of two mugs, with a quote of its own."""
    return {"quote": PRICING.sign(a_quote(("mug", 2, 1999)), **claims), "payment": {"methodToken": "tok_visa"}}


@dataclass
class Ticks:
    """A clock that moves on by a second each time it is read."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Calendar:
    """The clock that quotes are judged by."""

    is_late: bool = False

    def now(self) -> float:
        return time.time() + 3600 * self.is_late


@dataclass
class Shop:
    """The service in process, and what a test does to it."""

    store: InMemoryOrders
    ended: EndedOrders
    http: httpx.AsyncClient
    pricing: Calendar

    def as_customer(
        self, customer: str, *scopes: str, audience: str = "shop-internal", lifetime_seconds: float = 60
    ) -> dict[str, str]:
        signer = TokenSigner(KEY, "shop-edge")
        token = signer.sign(customer, audience=audience, scopes=scopes or SCOPES, lifetime_seconds=lifetime_seconds)
        return {"authorization": f"Bearer {token}"}

    async def place(self, customer: str = "ann", *, key: str = "k-1", wish: object = None) -> httpx.Response:
        """Order two mugs, quoted for this order and nobody in particular, or what is wished for."""
        body = mugs() if wish is None else wish
        return await self.http.post("/v1/orders", json=body, headers={**self.as_customer(customer), "idempotency-key": key})

    async def get(self, path: str, customer: str = "ann") -> httpx.Response:
        return await self.http.get(path, headers=self.as_customer(customer))

    async def cancel(self, order_id: str, customer: str = "ann", *, key: str = "c-1") -> httpx.Response:
        headers = {**self.as_customer(customer), "idempotency-key": key}
        return await self.http.post(f"/v1/orders/{order_id}/cancellations", json={"reason": "too late"}, headers=headers)

    async def until_waited_for(self, order_id: str) -> None:
        async with asyncio.timeout(10):
            while not self.ended.is_waited_for(order_id):
                await checkpoint()

    async def complete(self, order_id: str) -> None:
        answers: list[Answer] = [StockWasReserved(), PaymentWasAuthorised(), StockWasCommitted(), PaymentWasCaptured()]
        for number, answer in enumerate(answers):
            order = await self.store.take_answer(f"{order_id}-{number}", order_id, answer)
            assert order is not None
            self.ended.announce(order)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Ticks()
    store, ended = InMemoryOrders(clock, POLICY), EndedOrders()
    callers = TokenVerifier(StaticKeys(KEY.public_key()), issuer="shop-edge", audience="shop-internal")
    calendar = Calendar()
    api = OrdersApi(store, SignedQuotes(PRICING.verifier(calendar)), ended, clock, new_order_id)
    app = create_app(api.routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics(), tokens=callers)
    yield Shop(store, ended, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://orders"), calendar)


async def test_an_order_is_accepted_with_the_place_to_look_for_it(shop: Shop) -> None:
    answer = await shop.place()

    order = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"/v1/orders/{order['id']}")
    assert (order["status"], order["total"]) == ("pending", {"currency": "EUR", "minorUnits": 4488})
    assert "tok_visa" not in answer.text
    assert [type(command) for command in shop.store.repository.sent] == [ReserveStock]


async def test_the_same_request_sent_twice_gives_the_same_order(shop: Shop) -> None:
    wish = mugs()
    first, second = await shop.place(key="k-1", wish=wish), await shop.place(key="k-1", wish=wish)

    assert (second.status_code, second.json(), second.headers["location"]) == (202, first.json(), first.headers["location"])
    assert second.headers["idempotency-replayed"] == "true"
    assert len(shop.store.repository.orders) == 1


async def test_the_same_request_sent_at_once_gives_one_order(shop: Shop) -> None:
    wish = mugs()
    answers = await asyncio.gather(*(shop.place(key="k-1", wish=wish) for _ in range(5)))

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(shop.store.repository.orders) == 1


async def test_the_same_key_of_another_customer_is_another_order(shop: Shop) -> None:
    first, second = await shop.place("ann", key="k-1"), await shop.place("bob", key="k-1")

    assert first.json()["id"] != second.json()["id"]


async def test_a_key_with_another_body_is_refused(shop: Shop) -> None:
    await shop.place(key="k-1")

    answer = await shop.place(key="k-1", wish=mugs())

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_request_without_a_key_is_refused(shop: Shop) -> None:
    answer = await shop.http.post("/v1/orders", json=mugs(), headers=shop.as_customer("ann"))

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/idempotency-key-required")


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": [{"sku": "mug", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 1}}]},
        {"total": 1},
        {"payment": {"methodToken": "4242424242424242"}},
        {"payment": {"methodToken": "tok_visa", "amount": 1}},
        {"quote": "qte_1"},
        {"quote": ""},
        {"quote": None},
        {"quote": "a.b.c\n"},
        {"quote": "a" * 70_000 + ".b.c"},
    ],
    ids=lambda wish: str(wish)[:60],
)
async def test_a_wish_that_names_a_price_or_nonsense_is_refused(shop: Shop, wrong: dict[str, object]) -> None:
    answer = await shop.place(wish={**mugs(), **wrong})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"]
    assert not shop.store.repository.orders


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        (lambda: mugs(lifetime_seconds=-60), "quote-expired"),
        (lambda: mugs(subject="bob"), "quote-not-valid"),
        (lambda: {**mugs(), "quote": QuoteSigner().sign(a_quote(("mug", 2, 1)))}, "quote-not-valid"),
    ],
    ids=["expired", "of somebody else", "signed by somebody else"],
)
async def test_a_quote_that_does_not_hold_makes_no_order(shop: Shop, wish: Callable[[], object], kind: str) -> None:
    answer = await shop.place("ann", wish=wish())

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{kind}")
    assert [fault["field"] for fault in answer.json()["errors"]] == ["$.quote"]
    assert not shop.store.repository.orders


async def test_a_quote_makes_one_order(shop: Shop) -> None:
    wish = mugs()
    await shop.place(key="k-1", wish=wish)

    second = await shop.place(key="k-2", wish=wish)
    by_another = await shop.place("bob", key="k-1", wish=wish)

    assert (second.status_code, second.json()["type"]) == (409, "/problems/quote-already-used")
    assert by_another.status_code == 409
    assert len(shop.store.repository.orders) == 1


async def test_a_request_that_comes_again_after_its_quote_has_expired_is_answered_as_before(shop: Shop) -> None:
    wish = mugs()
    first = await shop.place(key="k-1", wish=wish)
    shop.pricing.is_late = True

    again = await shop.place(key="k-1", wish=wish)
    with_another_key = await shop.place(key="k-2", wish=wish)

    assert (again.status_code, again.json()) == (202, first.json())
    assert with_another_key.status_code == 422


async def test_an_order_shows_what_its_quote_said(shop: Shop) -> None:
    quote = a_quote(("mug", 2, 1999), ("pot", 1, 4550), coupons=("AUTUMN",), off=100)
    wish = {"quote": PRICING.sign(quote), "payment": {"methodToken": "tok_visa"}}

    order = (await shop.place(wish=wish)).json()

    def euros(minor_units: int) -> dict[str, object]:
        return {"currency": "EUR", "minorUnits": minor_units}

    assert (order["quoteId"], order["country"], order["taxIncluded"], order["couponCodes"]) == (quote.id, "DE", True, ["AUTUMN"])
    assert order["lines"][0] == {
        "sku": "mug",
        "quantity": 2,
        "unitPrice": euros(1999),
        "discount": euros(100),
        "tax": euros(0),
        "total": euros(3898),
    }
    assert (order["shipping"]["method"], order["shipping"]["total"]) == ("standard", euros(490))
    assert (order["subtotal"], order["discount"], order["tax"]) == (euros(9038), euros(200), euros(0))
    assert order["total"] == euros(8838)


async def test_the_payment_is_for_the_total_of_the_quote(shop: Shop) -> None:
    order_id = (await shop.place()).json()["id"]
    await shop.complete(order_id)

    asked = [command for command in shop.store.repository.sent if isinstance(command, AuthorisePayment)]
    assert [command.amount for command in asked] == [Money("EUR", 4488)]


async def test_waiting_for_an_order_answers_as_soon_as_it_is_final(shop: Shop) -> None:
    order_id = (await shop.place()).json()["id"]

    waiting = asyncio.create_task(shop.get(f"/v1/orders/{order_id}?wait=25"))
    await shop.until_waited_for(order_id)
    await shop.complete(order_id)

    assert (await waiting).json()["status"] == "completed"


async def test_waiting_ends_with_the_time_that_was_asked_for(shop: Shop) -> None:
    order_id = (await shop.place()).json()["id"]

    assert (await shop.get(f"/v1/orders/{order_id}?wait=0.01")).json()["status"] == "pending"


async def test_those_who_wait_are_released_when_the_service_stops(shop: Shop) -> None:
    order_id = (await shop.place()).json()["id"]
    waiting = asyncio.create_task(shop.get(f"/v1/orders/{order_id}?wait=25"))
    await shop.until_waited_for(order_id)

    shop.ended.release_all()

    assert (await waiting).json()["status"] == "pending"


@pytest.mark.parametrize("wait", ["-1", "26", "soon", "nan"])
async def test_a_wait_out_of_bounds_is_refused(shop: Shop, wait: str) -> None:
    assert (await shop.get(f"/v1/orders/ord_1?wait={wait}")).status_code == 400


async def test_the_order_of_somebody_else_looks_like_no_order(shop: Shop) -> None:
    order_id = (await shop.place("ann")).json()["id"]

    theirs = await shop.get(f"/v1/orders/{order_id}", "bob")
    nobodys = await shop.get("/v1/orders/ord_00000000000000000000000000", "bob")

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert _but_for_the_id(theirs.json()) == _but_for_the_id(nobodys.json())


def _but_for_the_id(problem: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in problem.items() if name in {"type", "title", "status"}}


async def test_nobody_cancels_the_order_of_somebody_else(shop: Shop) -> None:
    order_id = (await shop.place("ann")).json()["id"]

    assert (await shop.cancel(order_id, "bob")).status_code == 404
    assert (await shop.get(f"/v1/orders/{order_id}", "ann")).json().get("cancellation") is None


async def test_a_list_shows_own_orders_only(shop: Shop) -> None:
    mine = [(await shop.place("ann", key=f"k-{number}")).json()["id"] for number in range(3)]
    await shop.place("bob")

    page = (await shop.get("/v1/orders", "ann")).json()

    assert [order["id"] for order in page["items"]] == mine[::-1]
    assert page["nextCursor"] is None


async def test_pages_together_show_every_order_once(shop: Shop) -> None:
    placed = [(await shop.place(key=f"k-{number}")).json()["id"] for number in range(7)]

    seen, path = [], "/v1/orders?limit=3"
    while path:
        page = (await shop.get(path)).json()
        seen += [order["id"] for order in page["items"]]
        path = f"/v1/orders?limit=3&cursor={page['nextCursor']}" if page["nextCursor"] else ""

    assert seen == placed[::-1]


NOON, SOME_ORDER = "2026-03-02T12:00:00+00:00", "ord_00000000000000000000000000"


@pytest.mark.parametrize("cursor", ["x", "%00", "%C3%A9", "bm9wZQ=="])
async def test_a_made_up_cursor_is_refused(shop: Shop, cursor: str) -> None:
    assert (await shop.get(f"/v1/orders?cursor={cursor}")).status_code == 400


@pytest.mark.parametrize(
    "position",
    [
        {"at": "2026-03-02T12:00:00", "id": SOME_ORDER},
        {"at": "0001-01-01T00:00:00+23:59", "id": SOME_ORDER},
        {"at": 1, "id": SOME_ORDER},
        {"at": NOON, "id": "ord_1"},
        {"at": NOON, "id": f"{SOME_ORDER[:-1]}\0"},
        {"at": NOON},
        {"id": SOME_ORDER},
    ],
)
async def test_a_cursor_that_names_no_place_in_the_list_is_refused(shop: Shop, position: Position) -> None:
    cursor = cursor_of(position)

    assert (await shop.get("/v1/orders?" + urlencode({"cursor": cursor}))).status_code == 400


@pytest.mark.parametrize("order_id", ["%00", "ord_1", "ord_00000000000000000000000000%0A", "x" * 5000])
async def test_what_cannot_be_an_order_is_not_looked_for(shop: Shop, order_id: str) -> None:
    assert (await shop.get(f"/v1/orders/{order_id}")).status_code == 404
    assert (await shop.cancel(order_id)).status_code == 404


@pytest.mark.parametrize("reason", ["\0", "x" * 501])
async def test_a_reason_that_cannot_be_kept_is_refused(shop: Shop, reason: str) -> None:
    order_id = (await shop.place()).json()["id"]
    headers = {**shop.as_customer("ann"), "idempotency-key": "c-1"}

    answer = await shop.http.post(f"/v1/orders/{order_id}/cancellations", json={"reason": reason}, headers=headers)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "$.reason")


@pytest.mark.parametrize("end", ["\n", " "])
async def test_a_name_that_ends_in_white_space_is_not_mistaken_for_another(shop: Shop, end: str) -> None:
    answer = await shop.place(wish={"quote": f"{mugs()['quote']}{end}", "payment": {"methodToken": f"tok_visa{end}"}})

    assert [fault["field"] for fault in answer.json()["errors"]] == ["$.quote", "$.payment.methodToken"]


@pytest.mark.parametrize(("given", "meant"), [('"k-1"', "k-1"), ("k 1", "k 1"), ("k" * 200, "k" * 200)])
async def test_a_key_is_printable_ascii_with_or_without_quotes_around_it(shop: Shop, given: str, meant: str) -> None:
    wish = mugs()
    first, second = await shop.place(key=given, wish=wish), await shop.place(key=meant, wish=wish)

    assert (first.status_code, second.headers.get("idempotency-replayed")) == (202, "true")


@pytest.mark.parametrize("key", ["", " ", '"', '""', 'a"b', "k" * 201, "k\xe9", "k\t1"])
async def test_a_key_of_another_form_is_refused(shop: Shop, key: str) -> None:
    headers = httpx.Headers({**shop.as_customer("ann"), "idempotency-key": key}, encoding="latin-1")

    answer = await shop.http.post("/v1/orders", json=mugs(), headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/idempotency-key-required")


async def test_a_cancelled_order_says_so_and_why(shop: Shop) -> None:
    order_id = (await shop.place()).json()["id"]

    answer = await shop.cancel(order_id)

    assert (answer.status_code, answer.json()["cancellation"]) == (202, {"reason": "too late"})


async def test_an_order_whose_refund_was_refused_says_what_is_owed(shop: Shop) -> None:
    order_id = (await shop.place()).json()["id"]
    paid: list[Answer] = [StockWasReserved(), PaymentWasAuthorised(), StockWasCommitted()]
    for number, answer in enumerate(paid):
        await shop.store.take_answer(f"before-{number}", order_id, answer)
    await shop.cancel(order_id)
    late: list[Answer] = [PaymentWasCaptured(), StockWasReleased(), RefundHasFailed("The account is closed.")]
    for number, answer in enumerate(late):
        await shop.store.take_answer(f"after-{number}", order_id, answer)

    order = (await shop.get(f"/v1/orders/{order_id}")).json()

    assert (order["status"], order["refundOwed"]) == ("cancelled", {"currency": "EUR", "minorUnits": 4488})


async def test_a_completed_order_is_not_cancelled(shop: Shop) -> None:
    order_id = (await shop.place()).json()["id"]
    await shop.complete(order_id)

    answer = await shop.cancel(order_id)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/order-already-ended")


@pytest.mark.parametrize("method, path", [("GET", "/v1/orders"), ("POST", "/v1/orders"), ("GET", "/v1/orders/ord_1")])
async def test_nobody_gets_in_without_a_token_that_holds(shop: Shop, method: str, path: str) -> None:
    forged = TokenSigner(Ed25519PrivateKey.generate(), "shop-edge").sign("ann", audience="shop-internal", lifetime_seconds=60)
    other_door = {"authorization": f"Bearer {forged}"}
    guests = shop.as_customer("ann", audience="shop")
    expired = shop.as_customer("ann", lifetime_seconds=-60)

    statuses = [
        (await shop.http.request(method, path, headers=headers)).status_code for headers in ({}, other_door, guests, expired)
    ]

    assert statuses == [401, 401, 401, 401]


async def test_a_fault_of_ours_is_told_as_a_problem_without_its_inside(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_order_id: str) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(shop.store, "read", broken)

    answer = await shop.get("/v1/orders/ord_00000000000000000000000000")

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["correlationId"] == answer.headers["x-correlation-id"]
    assert "secret inside" not in answer.text


async def test_a_token_for_reading_does_not_order(shop: Shop) -> None:
    headers = {**shop.as_customer("ann", "orders:read"), "idempotency-key": "k-1"}

    assert (await shop.http.post("/v1/orders", json=mugs(), headers=headers)).status_code == 403
