"""The shop through API Gateway: routes from the edge's own document, with the pool's tokens judged before they reach it."""

from __future__ import annotations

import uuid
from pathlib import Path

import boto3
import httpx
import pytest
import shop_services.edge
import yaml
from e2e.accounts import Accounts
from e2e.shop import PRICE, Shop, until
from shop_sandbox.provision.routes import API_ID, api_url

pytestmark = pytest.mark.e2e
ME = "/v1/customers/me"
MANIFEST = Path(shop_services.edge.__file__).with_name("service.yaml")


@pytest.fixture(scope="module")
def api(shop: Shop) -> str:
    return api_url(shop.environment["AWS_ENDPOINT_URL"])


@pytest.fixture(scope="module")
def accounts(shop: Shop) -> Accounts:
    return Accounts.of(shop)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_customer_reaches_the_same_edge(shop: Shop, accounts: Accounts, api: str) -> None:
    token = accounts.new().signs_in()
    registered = shop.http.put(api + ME, json={"name": "Ann"}, headers={**bearer(token), "if-none-match": "*"})

    through, direct = (shop.http.get(url + ME, headers=bearer(token)) for url in (api, shop.endpoints["edge"]))

    assert (registered.status_code, through.status_code) == (201, 200)
    assert through.json() == direct.json()


def test_what_the_document_gives_to_customers_alone_is_refused_before_it_reaches_the_edge(
    shop: Shop, accounts: Accounts, api: str
) -> None:
    reader = accounts.new().signs_in("orders:read")
    answers = {
        "no token": shop.http.get(api + ME),
        "forged": shop.http.get(api + ME, headers=bearer(f"{reader[:-4]}AAAA")),
        "lacking the scope": shop.http.get(api + ME, headers=bearer(reader)),
    }

    # The edge answers with a problem document; these are API Gateway's own.
    assert {name: (one.status_code, one.json()) for name, one in answers.items()} == {
        "no token": (401, {"message": "Unauthorized"}),
        "forged": (401, {"message": "Unauthorized"}),
        "lacking the scope": (403, {"message": "Forbidden"}),
    }


def test_a_guest_is_judged_by_the_edge(shop: Shop, api: str) -> None:
    sku = shop.new_article(stock=1)

    seen = shop.http.get(f"{api}/v1/stock-items/{sku}")
    refused = shop.http.get(f"{api}/v1/orders", headers=bearer("a.b.c"))

    assert (seen.status_code, seen.json()["sku"]) == (200, sku)
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/not-authenticated")


def test_visitors_find_what_the_shop_sells_and_browse_its_categories(shop: Shop, api: str) -> None:
    query = {"q": "trellis", "inStock": "true", "sort": "price"}
    found = until("something is found", lambda: shop.http.get(f"{api}/v1/products", params=query).json()["items"])
    shelf = shop.http.get(f"{api}/v1/categories/{found[0]['categoryIds'][0]}/products", params={"limit": 100})

    assert found[0]["id"] in [one["id"] for one in shelf.json()["items"]]


@pytest.mark.parametrize("who", ["a guest", "a customer"])
def test_somebody_buys_what_they_were_quoted(shop: Shop, accounts: Accounts, api: str, who: str) -> None:
    token = accounts.new().signs_in() if who == "a customer" else None
    sku, code = shop.new_article(stock=3, price=2 * PRICE), shop.new_coupon(most_uses=1)
    through = shop.through(api)

    quote = through.quote((sku, 2), token=token, coupons=[code])
    order = through.place(quote=quote["token"], token=token)
    outcome = through.outcome(order)

    assert (outcome["status"], outcome["quoteId"], outcome["couponCodes"]) == ("completed", quote["id"], [code])
    assert outcome["total"]["minorUnits"] == quote["total"] == shop.charged(order.id) == 4 * PRICE * 4 // 5
    assert shop.stock(sku) == (1, 0, 2)


def test_what_no_document_offers_has_no_route(shop: Shop, api: str) -> None:
    answers = [shop.http.get(api + path) for path in ("/health", "/metrics", "/v1/payments", f"/v1/reservations/{uuid.uuid4()}")]

    assert [answer.status_code for answer in answers] == [httpx.codes.NOT_FOUND] * 4


def test_the_gateway_lets_through_as_much_as_the_edges_manifest_says(shop: Shop) -> None:
    declared = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["gateway"]["throttling"]
    gateway = boto3.client(
        "apigatewayv2",
        endpoint_url=shop.environment["AWS_ENDPOINT_URL"],
        region_name=shop.environment["AWS_REGION"],
        aws_access_key_id=shop.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=shop.environment["AWS_SECRET_ACCESS_KEY"],
    )

    settings = gateway.get_stage(ApiId=API_ID, StageName="$default")["DefaultRouteSettings"]

    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (declared["perSecond"], declared["burst"])
