"""The shop while a part of it is away: what does not need it goes on, and what does says so and when to try again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from e2e.accounts import Accounts
from e2e.assortment import NewProduct
from e2e.keyring import Keyring
from e2e.shop import Shop, until

pytestmark = pytest.mark.e2e
ME = "/v1/customers/me"


@contextmanager
def without(shop: Shop, name: str) -> Iterator[None]:
    """Take a part of the shop away within the block."""
    shop.sandbox.cli("stop", name)
    try:
        yield
    finally:
        shop.sandbox.cli("up", name)


def ask(shop: Shop, path: str, token: str) -> httpx.Response:
    return shop.http.get(shop.endpoints["edge"] + path, headers={"authorization": f"Bearer {token}"})


def test_without_identity_customers_order_for_their_tokens_are_proved_by_keys_that_are_known(shop: Shop) -> None:
    account = Accounts.of(shop).new()
    sku = shop.new_article(stock=5)
    assert ask(shop, ME, account.signs_in()).status_code == 404  # the pool's keys are known from here on

    with without(shop, "identity"):
        token = account.signs_in()
        order = shop.place((sku, 1), token=token)
        asked = ask(shop, ME, token)

        assert shop.outcome(order)["status"] == "completed"
        assert (asked.status_code, asked.json()["type"], asked.headers["retry-after"]) == (503, "/problems/unavailable", "1")
        assert "identity" in asked.json()["detail"]

    until("customers are there again", lambda: ask(shop, ME, token).status_code == 404, seconds=30)


def test_without_redis_nobody_is_counted_and_everybody_is_served(shop: Shop) -> None:
    sku = shop.new_article(stock=5)

    with without(shop, "redis"):
        browsed = shop.http.get(f"{shop.endpoints['edge']}/v1/stock-items/{sku}")
        refused = shop.http.get(f"{shop.endpoints['edge']}/v1/orders")

    assert (browsed.status_code, refused.status_code) == (200, 401)


def test_without_search_categories_show_what_stands_in_them(shop: Shop) -> None:
    product = NewProduct.made(shop, Keyring.of_sandbox(shop.environment).internal("staff", "catalog:write"))
    edge = shop.endpoints["edge"]

    with without(shop, "search"):
        sought, suggested = (shop.http.get(f"{edge}{path}", params={"q": "cup"}) for path in ("/v1/products", "/v1/suggestions"))
        browsed = shop.http.get(f"{edge}/v1/categories/{product.category_id}/products")

    assert [(one.status_code, one.json()["type"], one.headers["retry-after"]) for one in (sought, suggested)] == [
        (503, "/problems/unavailable", "1")
    ] * 2
    assert "search" in sought.json()["detail"]
    assert [one["id"] for one in browsed.json()["items"]] == [product.id]
    until("search answers again", lambda: shop.http.get(f"{edge}/v1/products").status_code == 200, seconds=60)


def test_without_pricing_nothing_is_sold_at_a_price_that_nobody_quoted(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    quote = shop.quote((sku, 1))

    with without(shop, "pricing"):
        refused = shop.ask_for_a_quote((sku, 1))
        promised = shop.outcome(shop.place(quote=quote["token"]))

    assert (refused.status_code, refused.json()["type"], refused.headers["retry-after"]) == (503, "/problems/unavailable", "1")
    assert "pricing" in refused.json()["detail"]
    assert (promised["status"], promised["total"]["minorUnits"]) == ("completed", quote["total"])
    assert shop.quote((sku, 1))["total"] == quote["total"]


def test_without_the_shelf_nothing_is_shown_and_the_rest_goes_on(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5), 1))
    shop.outcome(order)

    with without(shop, "inventory"):
        browsed = shop.http.get(f"{shop.endpoints['edge']}/v1/stock-items")
        read = shop.read(order)

    assert (browsed.status_code, browsed.json()["type"], read.status_code) == (503, "/problems/unavailable", 200)
