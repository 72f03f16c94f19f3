"""Quotes of the running shop: from a price that is set to a token that orders can verify."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import grpc
import jwt
import pytest
from e2e.keyring import Keyring
from e2e.shop import Shop, until
from grpc_health.v1 import health_pb2, health_pb2_grpc
from shop_contracts import tokens
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_contracts.proto.pricing.v1.pricing_service_pb2_grpc import PricingServiceStub

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def keyring(shop: Shop) -> Keyring:
    return Keyring.of_sandbox(shop.environment)


@pytest.fixture
def priced(shop: Shop, keyring: Keyring) -> Callable[[int], str]:
    """Makes an article that costs so many cents."""
    pricing = shop.endpoints["pricing"]
    headers = {"authorization": f"Bearer {keyring.internal('staff')}"}

    def make(cents: int) -> str:
        sku = f"E2E-{uuid.uuid4().hex[:8]}"
        shop.http.put(f"{pricing}/v1/price-lists/e2e", json={"currency": "EUR"}, headers=headers).raise_for_status()
        body = {"prices": [{"priceListId": "e2e", "amount": {"currency": "EUR", "minorUnits": cents}}]}
        shop.http.put(f"{pricing}/v1/prices/{sku}", json=body, headers={**headers, "if-none-match": "*"}).raise_for_status()
        return sku

    return make


def test_a_price_becomes_a_quote_that_pricing_has_signed(shop: Shop, keyring: Keyring, priced: Callable[[int], str]) -> None:
    sku = priced(1999)
    customer = f"cus_{uuid.uuid4().hex}"
    token = keyring.internal(customer)

    with grpc.insecure_channel(shop.environment["SHOP_PRICING_GRPC_ADDRESS"]) as channel:
        wanted = messages.CreateQuoteRequest(
            customer_id=customer, currency_code="EUR", country="DE", lines=[messages.QuoteRequestLine(sku=sku, quantity=3)]
        )
        may = (("authorization", f"Bearer {token}"),)
        quote = PricingServiceStub(channel).CreateQuote(wanted, metadata=may, timeout=10).quote
        health = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="shop.pricing.v1.PricingService"), timeout=10
        )
    again = shop.http.get(
        f"{shop.endpoints['pricing']}/v1/quotes/{quote.quote_id}", headers={"authorization": f"Bearer {token}"}
    ).json()

    keys = shop.http.get(f"{shop.endpoints['pricing']}/.well-known/jwks.json").json()["keys"]
    claims: dict[str, Any] = jwt.decode(
        quote.token, jwt.PyJWK(keys[0]), ["EdDSA"], issuer=tokens.QUOTE_ISSUER, audience=tokens.QUOTE_AUDIENCE
    )
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert (claims["sub"], claims["jti"]) == (customer, quote.quote_id)
    assert claims["quote"]["lines"][0]["total"] == 3 * 1999
    assert claims["quote"]["total"] == quote.total == again["total"] == 3 * 1999


def test_a_price_that_changes_is_told(shop: Shop, keyring: Keyring, priced: Callable[[int], str]) -> None:
    sku = priced(1999)

    def told() -> list[Any]:
        return [record for record in shop.records("shop.pricing.prices.v1") if record.key() == sku.encode()]

    (record,) = until("the price is told", told)

    assert dict(record.headers())["ce_type"] == b"shop.pricing.v1.PricesChanged"


def test_the_coupons_of_a_fresh_shop_take_something_off(shop: Shop, keyring: Keyring) -> None:
    customer = f"cus_{uuid.uuid4().hex}"
    may = {"authorization": f"Bearer {keyring.internal(customer)}"}

    def quote(*codes: str, currency: str = "EUR") -> dict[str, Any]:
        body = {
            "lines": [{"sku": "GAR-00001", "quantity": 2}],
            "currency": currency,
            "country": "JP" if currency == "JPY" else "DE",
            "couponCodes": [*codes],
        }
        answer = shop.http.post(
            f"{shop.endpoints['pricing']}/v1/quotes", json=body, headers={**may, "idempotency-key": str(uuid.uuid4())}
        )
        answer.raise_for_status()
        return dict(answer.json())

    plain, welcome, shipped = quote(), quote("welcome10"), quote("SHIPFREE", currency="JPY")

    assert plain["discount"] == 0
    assert (welcome["coupons"], welcome["discount"]) == (["WELCOME10"], round(plain["lines"][0]["total"] / 10))
    assert (shipped["currency"], shipped["shipping"]["price"], shipped["shipping"]["total"]) == ("JPY", 3200, 0)


def test_a_cart_becomes_a_quote_and_the_quote_an_order(shop: Shop) -> None:
    first, second = shop.new_article(stock=5), shop.new_article(stock=5)
    edge = shop.endpoints["edge"]
    opened = shop.http.post(f"{edge}/v1/carts", headers={"idempotency-key": str(uuid.uuid4())}).json()
    guest, cart = {"authorization": f"Bearer {opened['guestToken']}"}, f"{edge}/v1/carts/{opened['id']}"
    for sku, quantity in ((first, 1), (second, 2)):
        shop.http.put(f"{cart}/items/{sku}", json={"quantity": quantity}, headers=guest).raise_for_status()
    wanted = {"cartId": opened["id"], "currency": "EUR", "country": "DE"}
    key = {"idempotency-key": str(uuid.uuid4())}

    made = shop.http.post(f"{edge}/v1/quotes", json=wanted, headers={**guest, **key})
    again = shop.http.post(f"{edge}/v1/quotes", json=wanted, headers={**guest, **key})
    read = shop.http.get(f"{edge}{made.headers['location']}", headers=guest)
    quote = made.json()
    order = shop.outcome(shop.place(quote=quote["token"], token=opened["guestToken"]))

    assert made.status_code == 201, made.text
    assert [(line["sku"], line["quantity"]) for line in quote["lines"]] == [(first, 1), (second, 2)]
    assert (again.json(), again.headers["idempotency-replayed"], read.json()) == (quote, "true", quote)
    assert (order["status"], order["quoteId"], order["total"]["minorUnits"]) == ("completed", quote["id"], quote["total"])


def test_carts_and_quotes_of_others_are_not_there(shop: Shop) -> None:
    edge, sku = shop.endpoints["edge"], shop.new_article(stock=1)

    def somebody() -> tuple[str, dict[str, str]]:
        opened = shop.http.post(f"{edge}/v1/carts", headers={"idempotency-key": str(uuid.uuid4())}).json()
        return opened["id"], {"authorization": f"Bearer {opened['guestToken']}"}

    (anns_cart, ann), (_, bob) = somebody(), somebody()
    shop.http.put(f"{edge}/v1/carts/{anns_cart}/items/{sku}", json={"quantity": 1}, headers=ann).raise_for_status()
    wanted = {"cartId": anns_cart, "currency": "EUR", "country": "DE"}
    anns = shop.http.post(f"{edge}/v1/quotes", json=wanted, headers={**ann, "idempotency-key": str(uuid.uuid4())})
    taken = shop.http.post(f"{edge}/v1/quotes", json=wanted, headers={**bob, "idempotency-key": str(uuid.uuid4())})
    seen = [shop.http.get(f"{edge}{anns.headers['location']}", headers=who).status_code for who in (ann, bob, {})]

    assert (taken.status_code, taken.json()["type"]) == (404, "/problems/no-such-cart")
    assert seen == [200, 404, 404]
