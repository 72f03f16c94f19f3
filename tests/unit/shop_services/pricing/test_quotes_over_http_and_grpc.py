"""Quotes as callers get them: the same over HTTP and gRPC, signed, itemised, and for whom they were made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import jwt
import pytest
from fakes.pricing_in_process import Pricing, pricing_in_process
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_kit.errors import Refused
from shop_kit.grpc.client import CallFailed

pytestmark = pytest.mark.anyio
CART = {"lines": [{"sku": "mug", "quantity": 2}], "currency": "EUR", "country": "DE"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def pricing() -> AsyncIterator[Pricing]:
    async with pricing_in_process() as found:
        yield found


def request(**further: Any) -> messages.CreateQuoteRequest:
    lines = [messages.QuoteRequestLine(sku="mug", quantity=2)]
    return messages.CreateQuoteRequest(**{"lines": lines, "currency_code": "EUR", "country": "DE", **further})


async def test_a_quote_is_itemised_and_adds_up(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    answer = await pricing.quote(CART)

    quote = answer.json()
    assert answer.status_code == 201
    assert quote["lines"] == [{"sku": "mug", "quantity": 2, "unitPrice": 1999, "discount": 0, "tax": 638, "total": 3998}]
    assert quote["shipping"] == {"method": "standard", "price": 490, "discount": 0, "tax": 78, "total": 490}
    assert (quote["subtotal"], quote["discount"], quote["tax"], quote["total"]) == (4488, 0, 716, 4488)


async def test_the_token_says_what_the_quote_says_and_is_signed_by_pricing(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    quote = (await pricing.quote(CART)).json()

    keys = (await pricing.http.get("/.well-known/jwks.json")).json()["keys"]
    claims = jwt.decode(
        quote["token"],
        jwt.PyJWK(keys[0]),
        ["EdDSA"],
        issuer="shop-pricing",
        audience="shop-orders",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["sub"], claims["jti"], claims["exp"] - claims["iat"]) == ("cus_1", quote["id"], 900)
    assert claims["iat"] == int(pricing.clock.now())
    assert claims["quote"] == {name: quote[name] for name in claims["quote"]}
    assert set(quote) - set(claims["quote"]) == {"id", "customerId", "issuedAt", "expiresAt", "token"}


async def test_grpc_gives_the_same_quote_as_http(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    over_http = (await pricing.quote(CART)).json()
    over_grpc = await pricing.quote_by_grpc(request(customer_id="cus_1"))

    assert (over_grpc.subtotal, over_grpc.tax, over_grpc.total) == tuple(over_http[one] for one in ("subtotal", "tax", "total"))
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in (over_http["token"], over_grpc.token)]
    assert claims[0]["quote"] == claims[1]["quote"]
    assert over_grpc.expires_at.seconds - over_grpc.issued_at.seconds == 900


async def test_a_quote_for_nobody_may_be_used_by_anybody(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    quote = await pricing.quote_by_grpc(request())

    assert jwt.decode(quote.token, options={"verify_signature": False})["sub"] == "guest"
    found = await pricing.http.get(f"/v1/quotes/{quote.quote_id}", headers=pricing.headers("cus_2"))
    assert found.json()["customerId"] is None


async def test_nobody_gets_a_quote_in_somebody_elses_name(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    with pytest.raises(CallFailed) as refused:
        await pricing.quote_by_grpc(request(customer_id="cus_2"), by="cus_1")

    assert refused.value.code is grpc.StatusCode.PERMISSION_DENIED


async def test_a_quote_is_read_by_its_customer_and_by_nobody_else(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)
    made = await pricing.quote(CART, by="cus_1")

    own = await pricing.http.get(made.headers["location"], headers=pricing.headers("cus_1"))
    others = await pricing.http.get(made.headers["location"], headers=pricing.headers("cus_2"))

    assert own.json() == made.json()
    assert others.status_code == 404


async def test_the_same_request_is_answered_with_the_same_quote(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    first = await pricing.quote(CART, key="once")
    again = await pricing.quote(CART, key="once")
    other = await pricing.quote({**CART, "country": "AT"}, key="once")

    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_the_same_request_over_grpc_is_answered_with_the_same_quote_and_says_so(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    async def ask(**further: Any) -> messages.CreateQuoteResponse:
        wanted = request(request_id="once", **further)
        return await pricing.rpc.call(wanted, messages.CreateQuoteResponse, seconds=5, token=pricing.token("cus_1"))

    first, again = await ask(), await ask()
    with pytest.raises(Refused) as other:
        await ask(shipping_method="express")

    assert (first.is_repeated, again.is_repeated) == (False, True)
    assert again.quote == first.quote
    assert other.value.kind == "idempotency-key-reused"


async def test_a_changed_price_changes_no_quote_that_was_given(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)
    before = await pricing.quote(CART)
    await pricing.price("mug", 2999)

    after = await pricing.quote(CART)
    kept = await pricing.http.get(before.headers["location"], headers=pricing.headers("cus_1"))

    assert kept.json() == before.json()
    assert after.json()["lines"][0]["unitPrice"] == 2999


@pytest.mark.parametrize(
    "change, kind, field",
    [
        ({"lines": [{"sku": "mug", "quantity": 1}, {"sku": "no-such", "quantity": 1}]}, "no-price", "$.lines[1].sku"),
        ({"country": "AQ"}, "country-not-served", "$.country"),
        ({"shippingMethod": "drone"}, "shipping-not-offered", "$.shippingMethod"),
        ({"currency": "CHF"}, "shipping-not-offered", "$.shippingMethod"),
        ({"currency": "USD"}, "no-price", "$.lines[0].sku"),
        ({"lines": [{"sku": "mug", "quantity": 0}]}, "invalid-body", "$.lines[0].quantity"),
        ({"lines": [{"sku": "../mug", "quantity": 1}]}, "invalid-body", "$.lines[0].sku"),
        ({"lines": []}, "invalid-body", "$.lines"),
        ({"country": "Germany"}, "invalid-body", "$.country"),
    ],
)
async def test_a_refusal_is_the_same_over_http_and_grpc(pricing: Pricing, change: dict[str, Any], kind: str, field: str) -> None:
    await pricing.price("mug", 1999)
    names = {"currency": "currency_code", "shippingMethod": "shipping_method"}
    by_grpc = {names.get(name, name): value for name, value in change.items()}
    if "lines" in by_grpc:
        by_grpc["lines"] = [messages.QuoteRequestLine(**line) for line in by_grpc["lines"]]

    over_http = await pricing.quote({**CART, **change})
    with pytest.raises(Refused) as over_grpc:
        await pricing.quote_by_grpc(request(**by_grpc))

    assert (over_http.status_code, over_http.json()["type"]) == (422, f"/problems/{kind}")
    assert [one["field"] for one in over_http.json()["errors"]] == [field]
    assert (over_grpc.value.kind, [one.field for one in over_grpc.value.faults]) == (kind, [field])


async def test_nobody_names_their_own_price(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    own_price = {"lines": [{"sku": "mug", "quantity": 1, "unitPrice": 1}], "currency": "EUR", "country": "DE"}
    own_total = {**CART, "total": 1}

    for body, field in ((own_price, "$.lines[0].unitPrice"), (own_total, "$.total")):
        refused = await pricing.quote(body)
        assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, [field])


async def test_prices_now_are_the_same_over_http_and_grpc(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)
    await pricing.price("tea", 499, tax_class="reduced")

    query = {"sku": "tea,no-such,mug", "currency": "EUR", "country": "DE"}
    over_http = (await pricing.http.get("/v1/prices", params=query)).json()["items"]
    over_grpc = await pricing.rpc.call(
        messages.GetPricesRequest(skus=["tea", "no-such", "mug"], currency_code="EUR", country="DE"),
        messages.GetPricesResponse,
        seconds=5,
    )

    assert [(one["sku"], one["amount"]["minorUnits"], one["taxRate"]) for one in over_http] == [
        ("tea", 499, 700),
        ("mug", 1999, 1900),
    ]
    assert [(one.sku, one.price.amount.minor_units, one.tax_rate_basis_points) for one in over_grpc.prices] == [
        ("tea", 499, 700),
        ("mug", 1999, 1900),
    ]


async def test_prices_are_edited_by_who_has_seen_them(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)
    body = {"prices": [{"priceListId": "retail", "amount": {"currency": "EUR", "minorUnits": 5}}]}

    answers = [
        await pricing.http.put("/v1/prices/mug", json=body, headers={**pricing.headers(), **seen})
        for seen in ({}, {"if-none-match": "*"}, {"if-match": '"7"'}, {"if-match": '"1"'}, {"if-match": '"1"'})
    ]

    # The last one finds the prices as it wants them: the request may be sent again.
    assert [one.status_code for one in answers] == [428, 412, 412, 200, 200]
    assert answers[-1].headers["etag"] == '"2"'
    assert [message.sequence for message in pricing.tables.log.of_key("mug")] == [1, 2]


async def test_an_article_whose_prices_are_taken_away_cannot_be_bought_until_it_has_new_ones(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)

    removed = await pricing.http.delete("/v1/prices/mug", headers=pricing.headers(if_match='"1"'))
    gone = await pricing.quote(CART)
    again = await pricing.price("mug", 2000)

    assert (removed.status_code, gone.json()["type"], again.headers["etag"]) == (204, "/problems/no-price", '"3"')
    kinds = [message.headers["ce_type"].rpartition(".")[2] for message in pricing.tables.log.of_key("mug")]
    assert kinds == ["PricesChanged", "PricesRemoved", "PricesChanged"]


async def test_an_import_sets_what_nobody_changed_and_names_the_rest(pricing: Pricing) -> None:
    await pricing.price("mug", 1999)
    price = [{"priceListId": "retail", "amount": {"currency": "EUR", "minorUnits": 100}}]
    body = {"items": [{"sku": "mug", "prices": price}, {"sku": "pen", "prices": price}]}

    answer = await pricing.http.post("/v1/price-imports", json=body, headers=pricing.headers(idempotency_key="k"))

    assert answer.json() == {"imported": 1, "refused": [{"sku": "mug", "reason": "stale-version", "version": 1}]}
    assert pricing.tables.prices["pen"].prices[0].amount.minor_units == 100


async def test_a_price_list_is_never_changed(pricing: Pricing) -> None:
    again = await pricing.http.put("/v1/price-lists/retail", json={"currency": "EUR"}, headers=pricing.headers())
    other = await pricing.http.put("/v1/price-lists/retail", json={"currency": "USD"}, headers=pricing.headers())

    assert (again.status_code, other.status_code, other.json()["type"]) == (200, 409, "/problems/price-list-fixed")


@pytest.mark.parametrize("wrong, kind", [("no-such", "price-list-not-found"), ("dollars", "wrong-currency")])
async def test_a_price_stands_in_a_list_of_its_currency(pricing: Pricing, wrong: str, kind: str) -> None:
    await pricing.http.put("/v1/price-lists/dollars", json={"currency": "USD"}, headers=pricing.headers())

    answer = await pricing.price("mug", 1999, price_list=wrong)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{kind}")
    assert answer.json()["errors"][0]["field"].startswith("$.prices[0]")


async def test_price_lists_come_page_by_page(pricing: Pricing) -> None:
    for name in ("a", "b"):
        await pricing.http.put(f"/v1/price-lists/{name}", json={"currency": "EUR"}, headers=pricing.headers())

    first = (await pricing.http.get("/v1/price-lists", params={"limit": 2}, headers=pricing.headers())).json()
    second = (
        await pricing.http.get("/v1/price-lists", params={"limit": 2, "cursor": first["nextCursor"]}, headers=pricing.headers())
    ).json()

    assert ([one["id"] for one in first["items"]], [one["id"] for one in second["items"]]) == (["a", "b"], ["retail"])
    assert second["nextCursor"] is None
