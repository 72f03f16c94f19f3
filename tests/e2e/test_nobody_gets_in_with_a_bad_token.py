"""Who is let in, at every operation of every service that the OpenAPI documents name: a new operation is held to it as well."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from e2e.accounts import Accounts
from e2e.keyring import ALL_SCOPES, PUBLIC_AUDIENCE, Keyring
from e2e.shop import CHECKOUT, Ordered, Shop
from shop_kit.auth.keys import key_id

pytestmark = pytest.mark.e2e

DOCUMENTS = CHECKOUT / "contracts" / "shop_contracts" / "openapi"
CUSTOMER_SCOPES = (  # all that a customer's or guest's token can hold
    "carts:read",
    "carts:write",
    "quotes:create",
    "orders:place",
    "orders:read",
    "orders:cancel",
    "customers:read",
    "customers:write",
)


@dataclass(frozen=True)
class Door:
    """An operation that lets nobody in without a token that holds, with a request that is good but for the token."""

    service: str
    method: str
    path: str
    scopes: frozenset[str]
    wants_token: bool
    body: Any = None

    def knock(self, shop: Shop, token: str | None) -> httpx.Response:
        headers = {"idempotency-key": str(uuid.uuid4()), **({"authorization": f"Bearer {token}"} if token else {})}
        return shop.http.request(self.method, shop.endpoints[self.service] + self.path, json=self.body, headers=headers)


def _doors(service: str, scheme: str = "token") -> list[Door]:
    root = yaml.safe_load((DOCUMENTS / f"{service}.yaml").read_text(encoding="utf-8"))
    return [
        Door(
            service,
            method.upper(),
            _filled(root, path, operation),
            frozenset(way[scheme]),
            {} not in operation["security"],
            _example_body(operation),
        )
        for path, item in root["paths"].items()
        for method, operation in item.items()
        for way in operation["security"]
        if scheme in way
    ]


def _filled(root: dict[str, Any], path: str, operation: dict[str, Any]) -> str:
    """The path with the document's examples, and with what the query must have."""
    query = {}
    for given in operation.get("parameters", ()):
        one = root["components"]["parameters"][given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        path = path.replace(f"{{{one['name']}}}", str(one.get("example")))
        if one["in"] == "query" and one.get("required"):
            query[one["name"]] = one["example"]
    return str(httpx.URL(path, params=query)) if query else path


def _example_body(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return next((example["value"] for example in content.get("examples", {}).values()), None)


PUBLIC = _doors("edge", "guest")
CUSTOMERS = _doors("edge", "customer")
SERVICES = ("cart", "catalog", "orders", "inventory", "payments", "pricing", "identity")
INSIDE = [door for service in SERVICES for door in _doors(service)]


def _name(door: Door) -> str:
    return f"{door.service} {door.method} {door.path}"


@pytest.fixture(scope="module")
def keyring(shop: Shop) -> Keyring:
    return Keyring.of_sandbox(shop.environment)


@pytest.fixture(scope="module")
def ann(shop: Shop) -> Ordered:
    """A customer with an order that is completed."""
    order = shop.place((shop.new_article(stock=5), 1))
    shop.outcome(order)
    return order


@pytest.fixture(scope="module")
def bob(shop: Shop) -> Ordered:
    """Another one."""
    return shop.place((shop.new_article(stock=5), 1))


def _part(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def bad_tokens(keyring: Keyring, good: str) -> dict[str, str]:
    """Tokens made from a good one, each with one thing wrong."""
    head, claims, signature = good.split(".")
    header, content = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    audience = content["aud"]
    public = keyring.signing.public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    lasting = {name: value for name, value in content.items() if name != "exp"}
    return {
        "not a token": "a.b.c",
        "expired": keyring.token(content["sub"], audience=audience, lifetime_seconds=-60),
        "for somebody else's ears": keyring.token(content["sub"], audience="another-shop"),
        "of another issuer": keyring.token(content["sub"], audience=audience, issuer="another-edge"),
        "without an end": jwt.encode(lasting, keyring.signing, "EdDSA", headers={"kid": header["kid"]}),
        "unsigned": f"{_part({**header, 'alg': 'none'})}.{claims}.",
        "unsigned in capitals": f"{_part({**header, 'alg': 'NONE'})}.{claims}.{signature}",
        "signed with the public key as if it were a secret": jwt.encode(content, raw, "HS256", headers={"kid": header["kid"]}),
        "signed with another key": jwt.encode(content, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": key_id(public)}),
        "about somebody else": f"{head}.{_part({**content, 'sub': 'somebody-else'})}.{signature}",
        "with more scopes": f"{head}.{_part({**content, 'scope': ' '.join(ALL_SCOPES)})}.{signature}",
        "with a changed signature": f"{head}.{claims}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}",
    }


def _refusals(shop: Shop, door: Door, tokens: Mapping[str, str | None]) -> dict[str, tuple[int, str, bool]]:
    found = {}
    for name, token in tokens.items():
        answer = door.knock(shop, token)
        found[name] = answer.status_code, answer.headers["content-type"], "www-authenticate" in answer.headers
    return found


REFUSED = (401, "application/problem+json", True)


@pytest.mark.parametrize("door", [door for door in PUBLIC + INSIDE if door.wants_token], ids=_name)
def test_nobody_gets_in_without_a_token(shop: Shop, door: Door) -> None:
    assert _refusals(shop, door, {"no token": None}) == {"no token": REFUSED}


@pytest.mark.parametrize("door", PUBLIC, ids=_name)
def test_the_front_door_takes_no_token_but_its_own_guests(shop: Shop, keyring: Keyring, ann: Ordered, door: Door) -> None:
    tokens = {**bad_tokens(keyring, ann.token), "of the services behind it": keyring.internal("ann")}

    assert _refusals(shop, door, tokens) == dict.fromkeys(tokens, REFUSED)


def _pool_tokens(good: str) -> dict[str, str]:
    """Tokens made from a customer's good one, each with one thing wrong."""
    head, claims, signature = good.split(".")
    header, content = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    other = generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "about somebody else": f"{head}.{_part({**content, 'sub': str(uuid.uuid4())})}.{signature}",
        "with more scopes": f"{head}.{_part({**content, 'scope': ' '.join(f'shop/{one}' for one in ALL_SCOPES)})}.{signature}",
        "unsigned": f"{_part({**header, 'alg': 'none'})}.{claims}.",
        "signed with another key": jwt.encode(content, other, "RS256", headers={"kid": header["kid"]}),
        "of another algorithm": jwt.encode(content, other, "RS512", headers={"kid": header["kid"]}),
        "with a changed signature": f"{head}.{claims}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}",
    }


@pytest.fixture(scope="module")
def customers_token(shop: Shop) -> str:
    return Accounts.of(shop).new().signs_in()


@pytest.mark.parametrize("door", CUSTOMERS, ids=_name)
def test_the_front_door_takes_no_forged_token_of_the_pool(shop: Shop, customers_token: str, door: Door) -> None:
    tokens = _pool_tokens(customers_token)

    assert _refusals(shop, door, tokens) == dict.fromkeys(tokens, REFUSED)


@pytest.mark.parametrize("door", INSIDE, ids=_name)
def test_services_take_no_token_of_the_pool(shop: Shop, customers_token: str, door: Door) -> None:
    assert _refusals(shop, door, {"a customer's": customers_token}) == {"a customer's": REFUSED}


@pytest.mark.parametrize("door", INSIDE, ids=_name)
def test_services_take_no_token_but_the_edges_for_services(shop: Shop, keyring: Keyring, ann: Ordered, door: Door) -> None:
    guests_with_scopes = keyring.token("ann", audience=PUBLIC_AUDIENCE)
    tokens = {**bad_tokens(keyring, keyring.internal("ann")), "a guest's": ann.token, "a guest's with scopes": guests_with_scopes}

    assert _refusals(shop, door, tokens) == dict.fromkeys(tokens, REFUSED)


@pytest.mark.parametrize("door", [door for door in INSIDE if door.scopes], ids=_name)
def test_a_token_that_lacks_the_scope_reaches_nothing(shop: Shop, keyring: Keyring, door: Door) -> None:
    answer = door.knock(shop, keyring.internal("ann", *(set(ALL_SCOPES) - door.scopes)))

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


@pytest.mark.parametrize("door", [door for door in INSIDE if door.scopes - set(CUSTOMER_SCOPES)], ids=_name)
def test_what_the_edge_may_do_for_a_customer_is_no_more_than_customers_do(shop: Shop, keyring: Keyring, door: Door) -> None:
    assert door.knock(shop, keyring.internal("ann", *CUSTOMER_SCOPES)).status_code == 403


def _at_the_edge(shop: Shop, _keyring: Keyring, bob: Ordered) -> tuple[str, str]:
    return shop.endpoints["edge"], bob.token


def _behind_it(shop: Shop, keyring: Keyring, _bob: Ordered) -> tuple[str, str]:
    return shop.endpoints["orders"], keyring.internal("bob", *CUSTOMER_SCOPES)


@pytest.mark.parametrize("where", [_at_the_edge, _behind_it])
def test_what_is_anns_is_not_there_for_bob(
    shop: Shop, keyring: Keyring, ann: Ordered, bob: Ordered, where: Callable[[Shop, Keyring, Ordered], tuple[str, str]]
) -> None:
    url, token = where(shop, keyring, bob)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid.uuid4())}
    nobodys = "ord_00000000000000000000000000"

    answers = [
        (
            shop.http.get(f"{url}/v1/orders/{order_id}", headers=headers),
            shop.http.get(f"{url}/v1/orders/{order_id}?wait=1", headers=headers),
            shop.http.post(f"{url}/v1/orders/{order_id}/cancellations", json={}, headers=headers),
        )
        for order_id in (ann.id, nobodys)
    ]

    assert [[answer.status_code for answer in each] for each in answers] == [[404] * 3] * 2
    assert [answer.json()["title"] for answer in answers[0]] == [answer.json()["title"] for answer in answers[1]]
    assert shop.read(ann).json()["status"] == "completed"


def test_anns_idempotency_key_gives_bob_nothing_of_hers(shop: Shop, bob: Ordered) -> None:
    sku, key = shop.new_article(stock=5), str(uuid.uuid4())
    anns = shop.place((sku, 1), key=key)

    bobs = shop.order(str(shop.quote((sku, 1))["token"]), key=key, token=bob.token)

    assert bobs.status_code == 202
    assert bobs.json()["id"] != anns.id
    assert "idempotency-replayed" not in bobs.headers
    assert "guestToken" not in bobs.json()


def test_anns_place_in_her_list_shows_bob_his_own(shop: Shop, bob: Ordered) -> None:
    first = shop.place((shop.new_article(stock=5), 1))
    shop.place((shop.new_article(stock=5), 1), token=first.token)
    url = f"{shop.endpoints['edge']}/v1/orders"
    cursor = shop.http.get(url, params={"limit": 1}, headers={"authorization": f"Bearer {first.token}"}).json()["nextCursor"]

    seen = shop.http.get(url, params={"cursor": cursor}, headers={"authorization": f"Bearer {bob.token}"}).json()

    assert cursor
    assert first.id not in {order["id"] for order in seen["items"]}


def test_the_shops_keys_are_shown_without_their_secret_half(shop: Shop) -> None:
    (key,) = shop.http.get(f"{shop.endpoints['edge']}/.well-known/jwks.json").json()["keys"]

    assert "d" not in key
    assert (key["kty"], key["use"], key["alg"]) == ("OKP", "sig", "EdDSA")


@pytest.mark.parametrize("sent", ["", "t=1,v1=00", "t=,v1=", "v1=00", "t=²,v1=00", "t=1"])
def test_the_provider_is_believed_only_with_its_signature(shop: Shop, sent: str) -> None:
    event = {"id": "evt_1", "type": "authorisation.voided", "paymentId": "pay_1"}
    headers = {b"psp-signature": sent.encode("latin-1")} if sent else {}

    answer = shop.http.post(f"{shop.endpoints['payments']}/v1/psp-webhooks", json=event, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/bad-signature")


def test_the_providers_signature_holds_for_its_body_only(shop: Shop, keyring: Keyring) -> None:
    event = {"id": "evt_1", "type": "of no interest", "paymentId": "pay_1"}
    body, other = json.dumps(event).encode(), json.dumps({**event, "type": "authorisation.voided"}).encode()
    headers = {"psp-signature": keyring.webhook_signature(body), "content-type": "application/json"}
    url = f"{shop.endpoints['payments']}/v1/psp-webhooks"

    assert shop.http.post(url, content=body, headers=headers).status_code == 204
    assert shop.http.post(url, content=other, headers=headers).status_code == 401
