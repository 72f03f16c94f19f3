"""Carts in the running shop: at the prices of now, put together at sign-in, and there when Redis is killed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from e2e.keyring import Keyring
from e2e.shop import Shop, until

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Owner:
    """Somebody with a cart."""

    shop: Shop
    token: str

    def ask(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        answer = self.shop.http.request(
            method, f"{self.shop.endpoints['cart']}{path}", headers={"authorization": f"Bearer {self.token}"}, **options
        )
        assert answer.is_success, answer.text
        return answer

    @property
    def cart(self) -> str:
        return self.ask("POST", "/v1/carts").headers["location"]

    def put(self, sku: str, quantity: int) -> None:
        self.ask("PUT", f"{self.cart}/items/{sku}", json={"quantity": quantity})

    def sees(self) -> dict[str, Any]:
        return dict(self.ask("GET", f"{self.cart}?currency=EUR&country=DE").json())

    def items(self) -> dict[str, int]:
        return {item["sku"]: item["quantity"] for item in self.sees()["items"]}


@pytest.fixture(scope="module")
def keyring(shop: Shop) -> Keyring:
    return Keyring.of_sandbox(shop.environment)


@pytest.fixture
def ann(shop: Shop, keyring: Keyring) -> Owner:
    return Owner(shop, keyring.internal(f"cus_{uuid.uuid4().hex}"))


def set_price(shop: Shop, keyring: Keyring, sku: str, minor_units: int) -> None:
    pricing, headers = shop.endpoints["pricing"], {"authorization": f"Bearer {keyring.internal('staff')}"}
    listed = shop.http.put(f"{pricing}/v1/price-lists/e2e-carts", json={"currency": "EUR", "taxIncluded": True}, headers=headers)
    assert listed.is_success, listed.text
    seen = shop.http.get(f"{pricing}/v1/prices/{sku}", headers=headers)
    condition = {"if-match": seen.headers["etag"]} if seen.is_success else {"if-none-match": "*"}
    body = {"prices": [{"priceListId": "e2e-carts", "amount": {"currency": "EUR", "minorUnits": minor_units}}]}
    set_ = shop.http.put(f"{pricing}/v1/prices/{sku}", json=body, headers={**headers, **condition})
    assert set_.is_success, set_.text


def test_a_cart_follows_the_prices(shop: Shop, keyring: Keyring, ann: Owner) -> None:
    sku = f"CART-{uuid.uuid4().hex[:8]}"
    set_price(shop, keyring, sku, 1999)
    ann.put(sku, 2)
    assert ann.sees()["subtotal"] == {"currency": "EUR", "minorUnits": 3998}

    set_price(shop, keyring, sku, 500)
    until("the cart is shown at the new price", lambda: ann.sees()["subtotal"] == {"currency": "EUR", "minorUnits": 1000})


def test_a_guests_cart_comes_along_at_sign_in(shop: Shop, keyring: Keyring, ann: Owner) -> None:
    guest_id = f"gst_{uuid.uuid4().hex}"
    guest = Owner(shop, keyring.internal(guest_id))
    guest.put("mug", 2)
    ann.put("mug", 1)
    ann.put("lamp", 1)

    ann.ask("POST", f"{ann.cart}/merges", json={"guestToken": keyring.token(guest_id, audience="shop", scopes=())})

    assert ann.items() == {"mug": 2, "lamp": 1}
    assert guest.items() == {}


def test_carts_outlive_redis(shop: Shop, ann: Owner) -> None:
    ann.put("mug", 1)
    was = shop.sandbox.kill("redis")
    ann.put("mug", 3)
    assert ann.items() == {"mug": 3}

    shop.sandbox.until_restarted("redis", was=was)
    assert ann.items() == {"mug": 3}
