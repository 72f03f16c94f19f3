"""The front door as visitors meet it, with made-up services behind it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field

import httpx
import jwt
import pytest
from anyio.lowlevel import checkpoint
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.backing_service import FakeQuotes, FakeService, json_answer
from opentelemetry import trace
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.rate_limits import RateLimit
from shop_kit.testing.rate_limits import InMemoryRateLimiter
from shop_services.edge.adapters.gate import Limits
from shop_services.edge.adapters.quotes import QuoteRoutes
from shop_services.edge.adapters.rest import EdgeApi
from shop_services.edge.adapters.tokens import EdgeTokens
from shop_services.edge.application.callers import guest
from shop_services.edge.application.ports import Services

pytestmark = pytest.mark.anyio

MUGS = {"quote": "a.quote.token", "payment": {"methodToken": "tok_visa"}}
ORDER_ID = "ord_01J9ZK3V5M8Q2T4W6Y8A0C2E4G"
ACCEPTED = json_answer(202, {"id": ORDER_ID, "status": "pending"}, location=f"/v1/orders/{ORDER_ID}")


@dataclass
class StoppedClock:
    seconds: float = 1_770_000_000.0

    def now(self) -> float:
        return self.seconds


@dataclass
class Door:
    clock: StoppedClock = field(default_factory=StoppedClock)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    orders: FakeService = field(default_factory=FakeService)
    inventory: FakeService = field(default_factory=FakeService)
    pricing: FakeService = field(default_factory=FakeService)
    identity: FakeService = field(default_factory=FakeService)
    catalog: FakeService = field(default_factory=FakeService)
    cart: FakeService = field(default_factory=FakeService)
    search: FakeService = field(default_factory=FakeService)
    limits: Limits = field(default_factory=lambda: Limits(RateLimit(10, 10), RateLimit(10, 10)))

    def __post_init__(self) -> None:
        self.tokens = EdgeTokens(self.key, self.clock)
        self.limiter = InMemoryRateLimiter(lambda: self.clock.seconds * 1000)
        self.stopping = asyncio.Event()
        services = Services(self.orders, self.inventory, self.pricing, self.identity, self.catalog, self.cart, self.search)
        quotes = QuoteRoutes(self.pricing, self.cart, FakeQuotes(self.pricing))
        front = EdgeApi(services, quotes, self.tokens, self.limiter, lambda: self.limits, b"secret", self.stopping)
        app = create_app(front.routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics())
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge")

    async def place(
        self, *, key: str | None = None, token: str | None = None, wish: object = MUGS, **headers: str
    ) -> httpx.Response:
        sent = {"idempotency-key": key or str(uuid.uuid4()), **headers}
        if token:
            sent["authorization"] = f"Bearer {token}"
        return await self.http.post("/v1/orders", json=wish, headers=sent)

    def as_customer(self, customer: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens.issue(customer)}"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def door() -> Door:
    return Door(orders=FakeService(ACCEPTED))


async def test_a_visitor_without_a_token_becomes_a_guest_with_one(door: Door) -> None:
    answer = await door.place()

    customer = door.orders.asked[0].customer
    assert (answer.status_code, answer.headers["location"], answer.json()["id"]) == (202, f"/v1/orders/{ORDER_ID}", ORDER_ID)
    assert (await door.tokens.verify(answer.json()["guestToken"])).subject == customer
    assert answer.headers["cache-control"] == "no-store"


async def test_a_guest_who_lost_the_answer_and_asks_again_is_the_same_guest(door: Door) -> None:
    key = str(uuid.uuid4())
    await asyncio.gather(door.place(key=key), door.place(key=key), door.place(key=key.upper()))

    assert len({asked.customer for asked in door.orders.asked}) == 1


async def test_two_visitors_are_two_guests(door: Door) -> None:
    await door.place()
    await door.place()

    assert door.orders.asked[0].customer != door.orders.asked[1].customer


@pytest.mark.parametrize("key", ["1", "order-1", "0" * 36, ""])
async def test_a_guest_cannot_be_guessed_from_a_weak_key(door: Door, key: str) -> None:
    answer = await door.http.post("/v1/orders", json=MUGS, headers={"idempotency-key": key})

    assert answer.status_code == 400
    assert not door.orders.asked


async def test_a_customer_with_a_token_may_choose_any_key_and_gets_no_new_token(door: Door) -> None:
    answer = await door.place(key="order-1", token=door.tokens.issue("cus_ann"))

    assert (door.orders.asked[0].customer, door.orders.asked[0].idempotency_key) == ("cus_ann", "order-1")
    assert "guestToken" not in answer.json()


async def test_the_body_is_handed_on_as_it_came(door: Door) -> None:
    answer = await door.place()

    assert door.orders.asked[0].body == answer.request.content


async def test_what_is_wrong_with_an_order_is_for_the_service_to_say(door: Door) -> None:
    door.orders.answer = json_answer(422, {"type": "/problems/invalid-body"})

    answer = await door.http.post("/v1/orders", content=b"<order/>", headers={"idempotency-key": str(uuid.uuid4())})

    assert (answer.status_code, answer.json()) == (422, {"type": "/problems/invalid-body"})
    assert (door.orders.asked[0].body, door.orders.asked[0].content_type) == (b"<order/>", "")


async def test_orders_are_read_as_the_customer_that_the_token_names(door: Door) -> None:
    headers = {"authorization": f"Bearer {door.tokens.issue('cus_ann')}"}

    await door.http.get(f"/v1/orders/{ORDER_ID}?wait=3", headers=headers)
    await door.http.get("/v1/orders?limit=2&cursor=abc", headers=headers)

    assert [(asked.path, asked.customer) for asked in door.orders.asked] == [
        (f"/v1/orders/{ORDER_ID}?wait=3", "cus_ann"),
        ("/v1/orders?limit=2&cursor=abc", "cus_ann"),
    ]


async def test_nobody_keeps_a_closing_door_open_by_waiting(door: Door) -> None:
    headers = {"authorization": f"Bearer {door.tokens.issue('cus_ann')}"}
    door.orders.never_answers_waits = True
    waiting = asyncio.create_task(door.http.get(f"/v1/orders/{ORDER_ID}?wait=25", headers=headers))
    async with asyncio.timeout(10):
        while not door.orders.asked:
            await checkpoint()

    door.stopping.set()

    assert (await waiting).json()["id"] == ORDER_ID
    assert [asked.path for asked in door.orders.asked] == [f"/v1/orders/{ORDER_ID}?wait=25", f"/v1/orders/{ORDER_ID}"]


async def test_when_too_many_wait_already_the_order_is_shown_as_it_is(door: Door) -> None:
    door.orders.too_many_wait = True

    answer = await door.http.get(f"/v1/orders/{ORDER_ID}?wait=25", headers=door.as_customer("cus_ann"))

    assert answer.json()["id"] == ORDER_ID
    assert [asked.path for asked in door.orders.asked] == [f"/v1/orders/{ORDER_ID}?wait=25", f"/v1/orders/{ORDER_ID}"]


async def test_a_query_is_handed_on_as_it_came_and_cannot_break_out(door: Door) -> None:
    await door.http.get("/v1/orders?limit=2&colour=a%20b&n=%C3%A4", headers=door.as_customer("cus_ann"))

    assert [asked.path for asked in door.orders.asked] == ["/v1/orders?limit=2&colour=a%20b&n=%C3%A4"]


async def test_guessed_tokens_are_counted_before_they_are_looked_at(door: Door) -> None:
    forged = TokenSigner(Ed25519PrivateKey.generate(), "shop-edge").sign("cus_ann", audience="shop", lifetime_seconds=60)

    answers = [await door.http.get("/v1/orders", headers={"authorization": f"Bearer {forged}{number}"}) for number in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert door.limiter.clients == ["address:127.0.0.1"] * 11


async def test_a_customer_is_counted_by_address_only_the_first_time(door: Door) -> None:
    token = door.tokens.issue("cus_ann")
    another_instance = Door(key=door.key, orders=FakeService(ACCEPTED))

    for _ in range(2):
        await another_instance.place(token=token)

    assert another_instance.limiter.clients == ["address:127.0.0.1", "customer:cus_ann", "customer:cus_ann"]


async def test_a_token_that_this_instance_has_given_counts_for_its_customer_at_once(door: Door) -> None:
    token = (await door.place()).json()["guestToken"]
    await door.place(token=token)

    assert door.limiter.clients == ["address:127.0.0.1", f"customer:{door.orders.asked[1].customer}"]


async def test_a_path_cannot_be_made_to_reach_further(door: Door) -> None:
    headers = {"authorization": f"Bearer {door.tokens.issue('cus_ann')}"}

    await door.http.get("/v1/orders/x%3Fcustomer=bob%26a", headers=headers)

    assert [asked.path for asked in door.orders.asked] == ["/v1/orders/x%3Fcustomer%3Dbob%26a"]


@pytest.mark.parametrize(
    "method, path", [("GET", "/v1/orders"), ("GET", f"/v1/orders/{ORDER_ID}"), ("POST", f"/v1/orders/{ORDER_ID}/cancellations")]
)
async def test_orders_are_shown_to_nobody_without_a_token_that_holds(door: Door, method: str, path: str) -> None:
    forged = TokenSigner(Ed25519PrivateKey.generate(), "shop-edge").sign("cus_ann", audience="shop", lifetime_seconds=60)
    internal = door.tokens.internal(guest("cus_ann"))
    expired = door.tokens.issue("cus_ann")
    others = {"", f"Bearer {forged}", f"Bearer {internal}", "Basic YW5uOmFubg==", "Bearer", "Bearer x.y.z"}

    statuses = {(await door.http.request(method, path, headers={"authorization": other})).status_code for other in others}
    door.clock.seconds += 31 * 24 * 3600
    late = await door.http.request(method, path, headers={"authorization": f"Bearer {expired}"})

    assert (statuses, late.status_code) == ({401}, 401)
    assert not door.orders.asked


async def test_a_service_that_does_not_answer_is_told_with_when_to_try_again(door: Door) -> None:
    door.orders.is_down = True

    answer = await door.place()

    assert (answer.status_code, answer.headers["content-type"], answer.headers["retry-after"]) == (
        503,
        "application/problem+json",
        "1",
    )
    assert answer.json()["correlationId"] == answer.headers["x-correlation-id"]


async def test_the_shop_can_be_browsed_while_orders_are_away(door: Door) -> None:
    door.orders.is_down = True
    door.inventory.answer = json_answer(200, {"items": [], "nextCursor": None})

    answer = await door.http.get("/v1/stock-items?limit=5")

    assert (answer.status_code, answer.json()) == (200, {"items": [], "nextCursor": None})
    assert [(asked.path, asked.customer) for asked in door.inventory.asked] == [("/v1/stock-items?limit=5", "anybody")]


async def test_visitors_see_what_can_be_bought_and_not_how_much_was_sold(door: Door) -> None:
    mug = {"sku": "mug", "level": "low", "free": 3, "reserved": 2, "sold": 1}
    shown = {"sku": "mug", "level": "low", "free": 3}

    door.inventory.answer = json_answer(200, {"items": [mug], "nextCursor": "n"})
    assert (await door.http.get("/v1/stock-items")).json() == {"items": [shown], "nextCursor": "n"}
    door.inventory.answer = json_answer(200, mug)
    assert (await door.http.get("/v1/stock-items/mug")).json() == shown


async def test_an_answer_of_a_service_is_passed_on_with_its_problem(door: Door) -> None:
    problem = json_answer(422, {"type": "/problems/idempotency-key-reused"}, **{"x-internal": "1", "retry-after": "2"})
    door.orders.answer = problem

    answer = await door.place()

    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (
        422,
        {"type": "/problems/idempotency-key-reused"},
        "2",
    )
    assert "x-internal" not in answer.headers


@pytest.mark.parametrize("status", [401, 403])
async def test_that_a_service_refuses_the_edge_is_not_the_visitors_fault(door: Door, status: int) -> None:
    door.orders.answer = json_answer(status, {})

    assert (await door.place()).status_code == 502


async def test_who_asks_too_often_waits_and_others_do_not(door: Door) -> None:
    ann, bob = door.tokens.issue("cus_ann"), door.tokens.issue("cus_bob")

    statuses = [(await door.place(token=ann)).status_code for _ in range(11)]
    refused = await door.place(token=ann)
    others = await door.place(token=bob)
    door.clock.seconds += 1.0
    later = await door.place(token=ann)

    assert statuses == [202] * 10 + [429]
    assert (refused.headers["retry-after"], refused.json()["type"]) == ("1", "/problems/rate-limited")
    assert (others.status_code, later.status_code) == (202, 202)


async def test_limits_that_are_set_while_the_door_is_open_hold_for_the_next_visitor(door: Door) -> None:
    before = [(await door.place()).status_code for _ in range(3)]
    door.limits = Limits(RateLimit(10, 10), RateLimit(10, 3))

    assert (before, (await door.place()).status_code) == ([202] * 3, 429)


async def test_visitors_without_a_token_are_counted_by_address(door: Door) -> None:
    await door.place()
    await door.place(**{"x-forwarded-for": "203.0.113.7"})

    assert door.limiter.clients == ["address:127.0.0.1", "address:127.0.0.1"]


async def test_behind_proxies_of_ours_the_address_is_what_the_outermost_has_seen() -> None:
    door = Door(limits=Limits(RateLimit(10, 10), RateLimit(10, 10), trusted_proxies=2))

    await door.http.get("/v1/stock-items", headers={"x-forwarded-for": "6.6.6.6, 203.0.113.7, 10.0.0.1"})
    await door.http.get("/v1/stock-items", headers={"x-forwarded-for": "203.0.113.7"})

    assert door.limiter.clients == ["address:203.0.113.7", "address:127.0.0.1"]


async def test_services_verify_the_internal_token_with_the_keys_that_the_door_shows(door: Door) -> None:
    keys = (await door.http.get("/.well-known/jwks.json")).json()["keys"]
    token = door.tokens.internal(guest("cus_ann"))

    claims = jwt.decode(
        token, jwt.PyJWK(keys[0]), audience="shop-internal", issuer="shop-edge", options={"verify_exp": False, "verify_iat": False}
    )

    assert claims["sub"] == "cus_ann"
    assert "stock:write" not in claims["scope"]


async def test_an_internal_token_is_signed_again_before_it_grows_old(door: Door) -> None:
    verifier = TokenVerifier(StaticKeys(door.key.public_key()), issuer="shop-edge", audience="shop-internal", clock=door.clock)
    first = door.tokens.internal(guest("cus_ann"))
    door.clock.seconds += 149
    second = door.tokens.internal(guest("cus_ann"))
    door.clock.seconds += 2
    third = door.tokens.internal(guest("cus_ann"))

    assert first == second != third
    assert (await verifier.verify(third)).subject == "cus_ann"


async def test_every_answer_names_the_piece_of_work_it_belongs_to(door: Door) -> None:
    given = await door.http.get("/v1/stock-items", headers={"x-correlation-id": "my-work-1"})
    chosen = await door.http.get("/v1/nothing")

    assert given.headers["x-correlation-id"] == "my-work-1"
    assert (chosen.status_code, chosen.json()["correlationId"]) == (404, chosen.headers["x-correlation-id"])


async def test_a_visitor_who_opens_a_cart_becomes_a_guest_and_is_the_same_one_again(door: Door) -> None:
    door.cart.answer = json_answer(201, {"id": "crt_1", "items": []}, location="/v1/carts/crt_1", etag='"1"')
    key = str(uuid.uuid4())

    opened = [await door.http.post("/v1/carts?currency=EUR", headers={"idempotency-key": key}) for _ in range(2)]
    known = await door.http.post("/v1/carts", headers=door.as_customer("gst_ann"))
    unnamed = await door.http.post("/v1/carts")

    assert [answer.status_code for answer in opened] == [201, 201]
    assert opened[0].headers["location"] == "/v1/carts/crt_1"
    assert {(await door.tokens.verify(answer.json()["guestToken"])).subject for answer in opened} == {door.cart.asked[0].customer}
    assert (known.json(), door.cart.asked[2].customer) == ({"id": "crt_1", "items": []}, "gst_ann")
    assert (unnamed.status_code, unnamed.json()["type"]) == (400, "/problems/idempotency-key-required")
    assert door.cart.asked[0].path == "/v1/carts?currency=EUR"


async def test_a_change_is_handed_on_with_what_was_seen_and_its_answer_with_what_is_there_now(door: Door) -> None:
    door.cart.answer = json_answer(200, {"id": "crt_1"}, etag='"4"')

    answer = await door.http.put(
        "/v1/carts/crt_1/items/mug", json={"quantity": 2}, headers={**door.as_customer("gst_ann"), "if-match": '"3"'}
    )

    (asked,) = door.cart.asked
    assert (asked.method, asked.path, asked.headers["if-match"]) == ("PUT", "/v1/carts/crt_1/items/mug", '"3"')
    assert (asked.scopes, answer.headers["etag"]) == (frozenset({"carts:write"}), '"4"')
