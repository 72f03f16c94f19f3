"""What is wrong with a request is told at the front door as a problem document that names it, and never as a fault of ours."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from e2e.accounts import Accounts
from e2e.keyring import Keyring
from e2e.shop import Shop
from fakes.forged_tokens import signed_with_the_public_key

pytestmark = pytest.mark.e2e

ME = "/v1/customers/me"
ADDRESSES = f"{ME}/addresses"
HOME = {"recipient": "Ann", "lines": ["1 Market Square"], "postalCode": "04109", "city": "Leipzig", "country": "DE"}
JSON = {"content-type": "application/json"}
KEY = {"idempotency-key": "{key}"}
LARGE = 1_100_000
"""Bytes; a body of 1 MiB is taken."""


@dataclass(frozen=True)
class Customer:
    """Somebody with a token."""

    token: str
    etag: str
    address: str


@pytest.fixture(scope="module")
def accounts(shop: Shop) -> Accounts:
    return Accounts.of(shop)


@pytest.fixture(scope="module")
def ann(shop: Shop, accounts: Accounts) -> Customer:
    return registered(shop, accounts)


@pytest.fixture(scope="module")
def bob(shop: Shop, accounts: Accounts) -> Customer:
    return registered(shop, accounts)


def registered(shop: Shop, accounts: Accounts) -> Customer:
    token = accounts.new().signs_in()
    send(shop, "PUT", ME, token, {**JSON, "if-none-match": "*"}, b'{"name": "Ann"}')
    added = send(shop, "POST", ADDRESSES, token, {**JSON, **KEY}, json.dumps(HOME).encode())
    assert added.status_code == 201, added.text
    return Customer(token, added.headers["etag"], added.json()["id"])


def send(shop: Shop, method: str, path: str, token: str, headers: Mapping[str, str], *body: bytes | None) -> httpx.Response:
    """Send a request with a token; `{key}` in a header stands for a fresh one."""
    sent = {name: value.replace("{key}", str(uuid.uuid4())) for name, value in headers.items()}
    named = {**sent, "authorization": f"Bearer {token}"}
    return shop.http.request(method, shop.endpoints["edge"] + path, headers=named, content=next(iter(body), None))


def is_told(answer: httpx.Response, status: int, kind: str) -> bool:
    """Whether an answer is this problem, with the id that finds the request. Fails with what it is instead."""
    body = answer.json()
    expected = "about:blank" if kind == "about:blank" else f"/problems/{kind}"
    assert (answer.status_code, body["type"], answer.headers["content-type"]) == (status, expected, "application/problem+json")
    assert body["status"] == status
    assert body["correlationId"] == answer.headers["x-correlation-id"]
    return True


def home(**other: Any) -> bytes:
    return json.dumps({**HOME, **other}).encode()


@dataclass(frozen=True)
class Wrong:
    """A request with one thing wrong."""

    what: str
    status: int
    kind: str
    method: str = "POST"
    path: str = ADDRESSES
    headers: Mapping[str, str] = field(default_factory=lambda: {**JSON, **KEY})
    body: bytes | None = field(default_factory=home)


WRONG = [
    Wrong("JSON that breaks off", 400, "malformed-json", body=b'{"recipient": "Ann'),
    Wrong("no JSON at all", 400, "malformed-json", body=b"<address/>"),
    Wrong("an empty body", 400, "malformed-json", body=b""),
    Wrong("bytes that are no text", 400, "malformed-json", body=b'{"recipient": "\xff\xfe"}'),
    Wrong("a number that JSON does not have", 400, "malformed-json", body=b'{"recipient": NaN}'),
    Wrong("two documents in one body", 400, "malformed-json", body=b"{}{}"),
    Wrong("a hundred thousand lists in each other", 400, "malformed-json", body=b"[" * 100_000 + b"]" * 100_000),
    Wrong("as many objects", 400, "malformed-json", body=b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    Wrong("a list in place of an object", 422, "invalid-body", body=b"[]"),
    Wrong("a number in place of a text", 422, "invalid-body", body=home(recipient=7)),
    Wrong("a text in place of a list", 422, "invalid-body", body=home(lines="1 Market Square")),
    Wrong("null in place of a text", 422, "invalid-body", body=home(city=None)),
    Wrong("a field that is not known", 422, "invalid-body", body=home(floor=3)),
    Wrong("nothing of what is required", 422, "invalid-body", body=b"{}"),
    Wrong("a control character", 422, "invalid-body", body=home(city="Leip\u0000zig")),
    Wrong("a body that is too large", 413, "body-too-large", body=b" " * LARGE),
    Wrong("another media type", 415, "unsupported-media-type", headers={"content-type": "text/plain", **KEY}),
    Wrong("no media type", 415, "unsupported-media-type", headers=KEY),
    Wrong("no idempotency key", 400, "idempotency-key-required", headers=JSON),
    Wrong("a key that is too long", 400, "idempotency-key-required", headers={**JSON, "idempotency-key": "k" * 201}),
    Wrong("no ETag", 428, "precondition-required", method="PUT", path=ME, headers=JSON, body=b'{"name": "Ann"}'),
    Wrong("a stale ETag", 412, "stale-etag", method="PUT", path=ME, headers={**JSON, "if-match": '"1"'}, body=b'{"name": "Anna"}'),
    Wrong(
        "an ETag without quotes",
        400,
        "invalid-precondition",
        method="PUT",
        path=ME,
        headers={**JSON, "if-match": "1"},
        body=b'{"name": "A"}',
    ),
    Wrong("a cursor that no list gave", 400, "invalid-query", "GET", "/v1/orders?cursor=bm8", {}, None),
    Wrong("a cursor that is no cursor", 400, "invalid-query", "GET", "/v1/orders?cursor=%ff%00", {}, None),
    Wrong("a parameter that is not known", 400, "invalid-query", "GET", "/v1/orders?customer=bob", {}, None),
    Wrong("a parameter twice", 400, "invalid-query", "GET", "/v1/orders?limit=1&limit=2", {}, None),
    Wrong("a page that is too large", 400, "invalid-query", "GET", "/v1/orders?limit=101", {}, None),
    Wrong("a wait that is no number", 400, "invalid-query", "GET", "/v1/orders/ord_00000000000000000000000000?wait=soon", {}, None),
    Wrong("an id that is no id", 404, "order-not-found", "GET", "/v1/orders/%00", {}, None),
    Wrong("an id of a thousand characters", 404, "order-not-found", "GET", f"/v1/orders/{'x' * 1000}", {}, None),
    Wrong("a purpose that is none", 404, "purpose-not-found", "PUT", f"{ME}/consents/all", JSON, b'{"isGiven": true}'),
    Wrong("a path that nobody serves", 404, "about:blank", "GET", "/v1/nothing", {}, None),
    Wrong("a slash too many", 404, "about:blank", "GET", "/v1/orders/", {}, None),
    Wrong("a method that is not served", 405, "about:blank", "DELETE", "/v1/orders", {}, None),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.what)
def test_a_request_with_something_wrong_is_told_what(shop: Shop, ann: Customer, wrong: Wrong) -> None:
    assert is_told(send(shop, wrong.method, wrong.path, ann.token, wrong.headers, wrong.body), wrong.status, wrong.kind)


def test_each_fault_of_a_body_is_named(shop: Shop, ann: Customer) -> None:
    answer = send(shop, "POST", ADDRESSES, ann.token, {**JSON, **KEY}, home(city=7, country="Germany", floor=3))

    assert {fault["field"] for fault in answer.json()["errors"]} == {"$.city", "$.country", "$.floor"}


def test_a_key_that_comes_again_with_another_body_is_refused(shop: Shop, ann: Customer) -> None:
    headers = {**JSON, "idempotency-key": str(uuid.uuid4())}
    first = send(shop, "POST", ADDRESSES, ann.token, headers, home())

    assert first.status_code == 201
    assert is_told(send(shop, "POST", ADDRESSES, ann.token, headers, home(city="Halle")), 422, "idempotency-key-reused")


def test_what_is_bobs_is_not_there_for_ann(shop: Shop, ann: Customer, bob: Customer) -> None:
    place, change = f"{ADDRESSES}/{bob.address}", {**JSON, "if-match": ann.etag}

    assert is_told(send(shop, "GET", place, ann.token, {}), 404, "address-not-found")
    assert is_told(
        send(shop, "PUT", place, ann.token, {**change, "if-match": current(shop, ann)}, home()), 404, "address-not-found"
    )
    assert is_told(send(shop, "DELETE", place, ann.token, {"if-match": current(shop, ann)}), 404, "address-not-found")
    assert send(shop, "GET", place, bob.token, {}).status_code == 200


def current(shop: Shop, customer: Customer) -> str:
    return str(send(shop, "GET", ME, customer.token, {}).headers["etag"])


def test_a_forged_token_opens_nothing(shop: Shop, ann: Customer) -> None:
    header, claims = jwt.get_unverified_header(ann.token), jwt.decode(ann.token, options={"verify_signature": False})
    keyring = Keyring.of_sandbox(shop.environment)
    other = generate_private_key(public_exponent=65537, key_size=2048)
    forged = {
        "of no algorithm": jwt.encode(claims, "", "none", headers={"kid": header["kid"]}),
        "with the key's id as a secret": signed_with_the_public_key(claims, header["kid"].encode(), header["kid"]),
        "signed by somebody else": jwt.encode(claims, other, "RS256", headers={"kid": header["kid"]}),
        "for another audience": keyring.token("gst_1", audience="another-shop"),
        "for the services behind": keyring.internal("gst_1"),
    }

    for token in forged.values():
        assert is_told(send(shop, "GET", ME, token, {}), 401, "not-authenticated")
