"""What a first `up` leaves behind: a shop with a thousand products, in which the order that `up` suggests completes."""

from __future__ import annotations

from itertools import islice

import pytest
from e2e.accounts import Accounts
from e2e.shop import Sandbox, Shop
from shop_seeding.customers import PASSWORD, customers
from shop_seeding.products import DEFAULT_SEED

pytestmark = pytest.mark.e2e

SUGGESTED = "GAR-00001"


def test_the_suggested_product_of_a_fresh_shop_can_be_ordered(shop: Shop) -> None:
    free, reserved, sold = shop.stock(SUGGESTED)

    outcome = shop.outcome(shop.place((SUGGESTED, 1)))

    assert outcome["status"] == "completed"
    assert shop.stock(SUGGESTED) == (free - 1, reserved, sold + 1)


def test_seeding_is_told_in_products_and_the_same_seed_gives_the_same_shop(sandbox: Sandbox, shop: Shop) -> None:
    first = sandbox.cli("seed", "--seed", "7")
    skus = _skus(shop)
    again = sandbox.cli("seed", "--seed", "7")

    assert first["products"] == again["products"] == 1000
    assert _skus(shop) == skus
    assert len(skus) > 50


def test_the_customers_of_a_fresh_shop_can_sign_in_and_have_addresses(shop: Shop) -> None:
    accounts = Accounts.of(shop)

    for customer in islice(customers(seed=DEFAULT_SEED), 2):
        token = accounts.of_email(customer.email, PASSWORD).signs_in()
        found = shop.http.get(f"{shop.endpoints['edge']}/v1/customers/me", headers={"authorization": f"Bearer {token}"}).json()

        assert (found["name"], found["email"]) == (customer.name, customer.email)
        assert [one["city"] for one in found["addresses"]] == [one["city"] for one in customer.addresses]
        assert {one["purpose"]: one["isGiven"] for one in found["consents"]} == customer.consents


def _skus(shop: Shop) -> list[str]:
    """The first hundred articles on the shelf, as visitors see them."""
    answer = shop.http.get(f"{shop.endpoints['edge']}/v1/stock-items", params={"limit": 100})
    return [item["sku"] for item in answer.json()["items"] if not item["sku"].startswith("E2E-")]
