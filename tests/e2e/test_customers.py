"""Customers through the front door: they sign in at the user pool with PKCE, register, order, and are forgotten."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import asyncpg
import httpx
import pytest
from e2e.accounts import Account, Accounts
from e2e.shop import Shop, until
from shop_contracts.proto.identity.v1.customers_pb2 import CustomerEvent
from shop_kit import wire

pytestmark = pytest.mark.e2e
HOME = {"recipient": "Ann", "lines": ["1 Market Square"], "postalCode": "04109", "city": "Leipzig", "country": "DE"}
PERSONAL = {"tok_visa", "tok_slow", "changed my mind"}


@pytest.fixture(scope="module")
def accounts(shop: Shop) -> Accounts:
    return Accounts.of(shop)


@pytest.fixture
def ann(accounts: Accounts) -> Account:
    return accounts.new()


def ask(shop: Shop, token: str, method: str, path: str = "", body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{shop.endpoints['edge']}/v1/customers/me{path}"
    return shop.http.request(method, url, json=body, headers={"authorization": f"Bearer {token}", **named})


def events_of(shop: Shop, customer_id: str) -> list[str | None]:
    """What was told of a customer, oldest first."""
    records = [one for one in shop.records("shop.identity.customers.v1") if one.key() == customer_id.encode()]
    return [CustomerEvent.FromString(wire.unframe(one.value() or b"")[2]).WhichOneof("kind") for one in records]


def test_ann_signs_in_registers_orders_and_reads_it_as_nobody_else_can(shop: Shop, accounts: Accounts, ann: Account) -> None:
    token, bobs = ann.signs_in(), accounts.new().signs_in()
    registered = ask(shop, token, "PUT", body={"name": "Ann"}, if_none_match="*")
    order = shop.place((shop.new_article(stock=5), 1), token=token)

    assert (registered.status_code, registered.json()["email"]) == (201, ann.email)
    assert shop.outcome(order)["status"] == "completed"
    assert "guestToken" not in order.answer.json()
    assert shop.read(order, token=bobs).status_code == 404
    assert ask(shop, bobs, "GET").json()["type"] == "/problems/customer-not-found"


def test_an_address_is_kept_and_changed_only_as_seen(shop: Shop, ann: Account) -> None:
    token = ann.signs_in()
    ask(shop, token, "PUT", body={"name": "Ann"}, if_none_match="*")

    added = ask(shop, token, "POST", "/addresses", HOME, idempotency_key=str(uuid.uuid4()))
    place = f"/addresses/{added.json()['id']}"
    moved = ask(shop, token, "PUT", place, {**HOME, "city": "Halle"}, if_match=added.headers["etag"])
    stale = ask(shop, token, "PUT", place, HOME, if_match=added.headers["etag"])

    assert (added.status_code, moved.status_code, stale.status_code) == (201, 200, 412)
    assert ask(shop, token, "GET").json()["addresses"][0]["city"] == "Halle"


def test_a_token_reaches_what_was_asked_for_and_no_more(shop: Shop, accounts: Accounts, ann: Account) -> None:
    reader, machine = ann.signs_in("customers:read"), accounts.machine("stock:write")

    refused = [
        ask(shop, reader, "PUT", body={"name": "Ann"}, if_none_match="*"),
        ask(shop, machine, "GET"),
        shop.order(str(shop.quote((shop.new_article(stock=1), 1))["token"]), token=reader),
    ]

    assert [(answer.status_code, answer.json()["type"]) for answer in refused] == [(403, "/problems/not-allowed")] * 3


def test_ann_is_forgotten_by_every_service_and_cannot_sign_in_any_more(shop: Shop, ann: Account) -> None:
    token = ann.signs_in()
    customer = ask(shop, token, "PUT", body={"name": "Ann"}, if_none_match="*").json()["id"]
    sku = shop.new_article(stock=5)
    cancelled = shop.place((sku, 1), card="tok_slow", token=token)
    shop.cancel(cancelled, token=token)
    order = shop.place((sku, 1), token=token)
    cart = in_cart(shop, token, "POST", "").json()["id"]
    in_cart(shop, token, "PUT", f"/{cart}/items/{sku}", {"quantity": 2})

    shop.outcome(order)
    shop.outcome(cancelled)
    known = ask(shop, token, "GET", "/data").json()
    before = histories(shop, customer)
    erased = ask(shop, token, "DELETE")

    assert (known["customer"]["id"], {one["id"] for one in known["orders"]}) == (customer, {order.id, cancelled.id})
    assert [item["sku"] for item in known["cart"]["items"]] == [sku]
    assert (erased.status_code, erased.json()["kept"]) == (200, known["keptWhenErased"])
    assert shop.read(order).status_code == 200  # the books
    assert ask(shop, token, "GET").json()["type"] == "/problems/customer-erased"
    until("everybody is told", lambda: events_of(shop, customer)[-1:] == ["customer_erased"], seconds=30)
    until("nothing is in the cart", lambda: in_cart(shop, token, "GET", f"/{cart}").json()["items"] == [], seconds=30)
    assert personal(before) == PERSONAL
    until("orders have forgotten card and words", lambda: not personal(histories(shop, customer)), seconds=30)
    with pytest.raises(AssertionError, match="Incorrect username or password"):
        ann.signs_in()


def in_cart(shop: Shop, token: str, method: str, path: str, body: Any = None) -> httpx.Response:
    url = f"{shop.endpoints['edge']}/v1/carts{path}"
    return shop.http.request(method, url, json=body, headers={"authorization": f"Bearer {token}"})


def histories(shop: Shop, customer: str) -> str:
    """All that orders have written down of a customer."""

    async def read() -> str:
        connection = await asyncpg.connect(shop.sandbox.cli("env", "--service", "orders")["DATABASE_URL"], timeout=10)
        try:
            query = "select string_agg(body::text, ' ') from order_events join orders using (order_id) where customer_id = $1"
            return str(await connection.fetchval(query, customer))
        finally:
            await connection.close()

    return asyncio.run(read())


def personal(told: str) -> set[str]:
    return {word for word in PERSONAL if word in told}
