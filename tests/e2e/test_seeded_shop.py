"""What a first `up` leaves behind: a shop with a thousand products, in which the order that `up` suggests completes."""

from __future__ import annotations

import pytest
from e2e.shop import Sandbox, Shop

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


def _skus(shop: Shop) -> list[str]:
    """The first hundred articles on the shelf, as visitors see them."""
    answer = shop.http.get(f"{shop.endpoints['edge']}/v1/stock-items", params={"limit": 100})
    return [item["sku"] for item in answer.json()["items"] if not item["sku"].startswith("E2E-")]
