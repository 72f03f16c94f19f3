"""Carts as their owners see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.carts import PricesOfNow
from opentelemetry import trace
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER, PUBLIC_AUDIENCE
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.shared_kernel import MOST_ARTICLES
from shop_services.cart.adapters.cart_table import cart_id
from shop_services.cart.adapters.in_memory import InMemoryCarts
from shop_services.cart.adapters.rest import CartApi
from shop_services.cart.application.filling import Filling

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def token(subject: str, audience: str = INTERNAL_AUDIENCE, *, lifetime_seconds: float = 600) -> str:
    signer = TokenSigner(KEY, ISSUER)
    return signer.sign(subject, audience=audience, scopes=("carts:read", "carts:write"), lifetime_seconds=lifetime_seconds)


@dataclass
class Shop:
    http: httpx.AsyncClient
    prices: PricesOfNow

    async def ask(self, method: str, path: str, *, by: str = "ann", **options: Any) -> httpx.Response:
        path = path.replace("{own}", cart_id(by))
        return await self.http.request(method, path, headers={"authorization": f"Bearer {token(by)}"}, **options)

    async def put(self, sku: str, quantity: int, *, by: str = "ann") -> dict[str, Any]:
        answer = await self.ask("PUT", f"/v1/carts/{{own}}/items/{sku}", by=by, json={"quantity": quantity})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def items(self, *, by: str = "ann") -> dict[str, int]:
        items = (await self.ask("GET", "/v1/carts/{own}", by=by)).json()["items"]
        return {item["sku"]: item["quantity"] for item in items}

    async def merge(self, guest_token: str, *, by: str = "ann") -> httpx.Response:
        return await self.ask("POST", "/v1/carts/{own}/merges", by=by, json={"guestToken": guest_token})


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    prices, keys = PricesOfNow({"mug": 1999, "lamp": 4550}), StaticKeys(KEY.public_key())
    callers, guests = [TokenVerifier(keys, issuer=ISSUER, audience=one) for one in (INTERNAL_AUDIENCE, PUBLIC_AUDIENCE)]
    routes = CartApi(Filling(InMemoryCarts()), prices, guests).routes()
    app = create_app(routes, readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics(), tokens=callers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cart") as client:
        yield Shop(client, prices)


async def test_everybody_has_one_cart_and_is_told_where(shop: Shop) -> None:
    first, again = await shop.ask("POST", "/v1/carts"), await shop.ask("POST", "/v1/carts")

    assert first.status_code == again.status_code == 201
    assert first.headers["location"] == again.headers["location"] == f"/v1/carts/{first.json()['id']}"
    assert (await shop.ask("GET", first.headers["location"])).json()["items"] == []


async def test_what_is_put_in_is_there_until_it_is_taken_out(shop: Shop) -> None:
    await shop.put("mug", 2)
    await shop.put("lamp", 1)
    await shop.put("mug", 3)
    assert await shop.items() == {"mug": 3, "lamp": 1}

    assert (await shop.ask("DELETE", "/v1/carts/{own}/items/mug")).json()["items"][0]["sku"] == "lamp"
    assert (await shop.ask("DELETE", "/v1/carts/{own}/items")).json()["items"] == []


async def test_a_cart_is_shown_at_the_prices_of_now_and_keeps_none(shop: Shop) -> None:
    await shop.put("mug", 2)
    before = (await shop.ask("GET", "/v1/carts/{own}?currency=EUR")).json()
    shop.prices.minor_units["mug"] = 500
    after = (await shop.ask("GET", "/v1/carts/{own}?currency=EUR")).json()

    assert before["subtotal"] == {"currency": "EUR", "minorUnits": 3998}
    assert after["subtotal"] == {"currency": "EUR", "minorUnits": 1000}
    assert after["prices"] == "current"


@pytest.mark.parametrize("body", [{"quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 1}}, {"quantity": 1, "price": 1}])
async def test_nobody_says_what_an_article_costs(shop: Shop, body: dict[str, Any]) -> None:
    assert (await shop.ask("PUT", "/v1/carts/{own}/items/mug", json=body)).status_code == 422
    assert await shop.items() == {}


async def test_an_article_without_a_price_leaves_the_cart_without_a_sum(shop: Shop) -> None:
    await shop.put("mug", 1)
    await shop.put("unsold", 1)
    shown = (await shop.ask("GET", "/v1/carts/{own}?currency=EUR")).json()

    assert [item["unitPrice"] for item in shown["items"]] == [{"currency": "EUR", "minorUnits": 1999}, None]
    assert shown["subtotal"] is None


async def test_while_nobody_can_say_prices_the_cart_is_shown_and_filled_without(shop: Shop) -> None:
    shop.prices.is_away = True
    answer = await shop.ask("PUT", "/v1/carts/{own}/items/mug?currency=EUR", json={"quantity": 2})

    assert answer.status_code == 200
    assert answer.json()["prices"] == "unavailable"
    assert answer.json()["items"][0]["unitPrice"] is None


async def test_a_cart_of_somebody_else_is_not_there(shop: Shop) -> None:
    await shop.put("mug", 1, by="bob")

    for method, path in (("GET", ""), ("DELETE", "/items"), ("DELETE", "/items/mug")):
        assert (await shop.ask(method, f"/v1/carts/{cart_id('bob')}{path}")).status_code == 404
    merge = {"guestToken": token("guest-1", PUBLIC_AUDIENCE)}
    for method, path, body in (("PUT", "/items/mug", {"quantity": 9}), ("POST", "/merges", merge)):
        assert (await shop.ask(method, f"/v1/carts/{cart_id('bob')}{path}", json=body)).status_code == 404
    assert await shop.items(by="bob") == {"mug": 1}


async def test_at_sign_in_the_guests_cart_comes_to_the_customer_once(shop: Shop) -> None:
    await shop.put("mug", 1)
    await shop.put("mug", 2, by="guest-1")
    await shop.put("lamp", 1, by="guest-1")
    merged = await shop.merge(token("guest-1", PUBLIC_AUDIENCE))

    assert merged.status_code == 200
    assert await shop.items() == {"mug": 2, "lamp": 1}
    assert await shop.items(by="guest-1") == {}

    await shop.put("mug", 1)  # the answer was lost, and the customer thinks again before the request is repeated
    assert (await shop.merge(token("guest-1", PUBLIC_AUDIENCE))).json()["leftOut"] == []
    assert await shop.items() == {"mug": 1, "lamp": 1}


async def test_what_finds_no_room_is_named_and_stays_with_the_guest(shop: Shop) -> None:
    for number in range(MOST_ARTICLES):
        await shop.put(f"sku-{number}", 1)
    await shop.put("mug", 1, by="guest-1")
    await shop.put("sku-3", 4, by="guest-1")

    assert (await shop.merge(token("guest-1", PUBLIC_AUDIENCE))).json()["leftOut"] == [{"sku": "mug", "quantity": 1}]
    assert (await shop.items())["sku-3"] == 4
    assert await shop.items(by="guest-1") == {"mug": 1}
    full = await shop.ask("PUT", "/v1/carts/{own}/items/mug", json={"quantity": 1})
    assert (full.status_code, full.json()["type"]) == (422, "/problems/cart-full")


async def test_only_who_holds_a_guests_token_takes_over_the_guests_cart(shop: Shop) -> None:
    await shop.put("mug", 1, by="guest-1")
    for guest_token in ("nonsense", token("guest-1"), token("guest-1", PUBLIC_AUDIENCE, lifetime_seconds=-60)):
        refused = await shop.merge(guest_token)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/guest-token-not-valid")

    assert await shop.items(by="guest-1") == {"mug": 1}


@pytest.mark.parametrize("query", ["currency=XXQ", "currency=eur", "currency=EUR&country=Germany"])
async def test_a_currency_or_country_that_is_none_is_refused(shop: Shop, query: str) -> None:
    assert (await shop.ask("GET", f"/v1/carts/{{own}}?{query}")).status_code in {400, 422}
