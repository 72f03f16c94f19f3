"""Every operation of the front door against every kind of token: the contract alone says who gets in, nothing else is served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fakes.backing_service import FakeQuotes, FakeService, json_answer
from fakes.forged_tokens import signed_with_the_public_key
from jwt import PyJWK
from jwt.algorithms import RSAAlgorithm
from opentelemetry import trace
from shop_kit.auth import TokenSigner
from shop_kit.http.app import create_app
from shop_kit.http.contract import Operation, operations
from shop_kit.identifiers import identifier_of_uuid
from shop_kit.metrics import Metrics
from shop_kit.rate_limits import RateLimit
from shop_kit.testing.clock import HandClock
from shop_kit.testing.rate_limits import InMemoryRateLimiter
from shop_services.edge.adapters.gate import Limits
from shop_services.edge.adapters.quotes import QuoteRoutes
from shop_services.edge.adapters.rest import CONTRACT, EdgeApi
from shop_services.edge.adapters.tokens import EdgeTokens
from shop_services.edge.adapters.user_pool import UserPoolTokens
from shop_services.edge.application.callers import GUEST_SCOPES, guest
from shop_services.edge.application.ports import Services

pytestmark = pytest.mark.anyio

POOL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"
ANN = UUID(int=7)
OFFERED = [*operations(CONTRACT.read_text(encoding="utf-8"))]
DONE = (200, 201)
BODIES = {"createQuote": {"lines": [{"sku": "mug", "quantity": 1}], "currency": "EUR", "country": "DE"}}
"""Of operations whose bodies the edge reads itself."""
ALL = frozenset(scope for operation in OFFERED for way in operation.ways for scope in way.scopes)
ITEM = {"sku": "mug", "level": "low", "free": 3}
ANSWER = {**ITEM, "items": [ITEM], "nextCursor": None, "id": "ord_1"}
POOL_KEY, OTHER_KEY = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
EDGE_KEY = Ed25519PrivateKey.generate()


class PoolKeys:
    """The keys of the pool, known from the start."""

    async def find(self, kid: str) -> PyJWK | None:
        return PyJWK({**json.loads(RSAAlgorithm.to_jwk(POOL_KEY.public_key())), "alg": "RS256"}) if kid == "pool-1" else None


@dataclass
class Door:
    """The edge with a pool, before services that record who comes through."""

    clock: HandClock = field(default_factory=HandClock)
    service: FakeService = field(default_factory=lambda: FakeService(json_answer(200, ANSWER)))

    def __post_init__(self) -> None:
        pool = UserPoolTokens(PoolKeys(), issuer=POOL, customers=["web"], machines=["robot"], clock=self.clock)
        self.tokens = EdgeTokens(EDGE_KEY, self.clock, {POOL: pool})
        plenty, limiter = RateLimit(1e6, 10**6), InMemoryRateLimiter(lambda: self.clock.seconds * 1000)
        services = Services(**{one.name: self.service for one in fields(Services)})
        quotes = QuoteRoutes(services.pricing, services.cart, FakeQuotes(self.service))
        front = EdgeApi(services, quotes, self.tokens, limiter, lambda: Limits(plenty, plenty), b"secret", asyncio.Event())
        app = create_app(front.routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics())
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge")

    async def knock(self, operation: Operation, token: str | None) -> httpx.Response:
        headers = {"idempotency-key": str(uuid4()), **({"authorization": f"Bearer {token}"} if token else {})}
        body = None if operation.method == "GET" else BODIES.get(operation.id, {})
        return await self.http.request(
            operation.method, operation.path.replace("{", "").replace("}", ""), json=body, headers=headers
        )

    def guest(self, scopes: frozenset[str] = GUEST_SCOPES, **other: Any) -> str:
        return TokenSigner(EDGE_KEY, "shop-edge", self.clock).sign(
            "gst_1", **{"audience": "shop", "scopes": scopes, "lifetime_seconds": 60, **other}
        )

    def pooled(
        self, client: str, scopes: frozenset[str], *, key: RSAPrivateKey = POOL_KEY, kid: str = "pool-1", **other: Any
    ) -> str:
        now = int(self.clock.now())
        claims = {
            "iss": POOL,
            "sub": str(ANN) if client == "web" else client,
            "client_id": client,
            "token_use": "access",
            "iat": now,
            "exp": now + 900,
            "scope": " ".join(["openid", *(f"shop/{scope}" for scope in scopes)]),
        }
        return jwt.encode({**claims, **other}, key, "RS256", headers={"kid": kid})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def door() -> Iterator[Door]:
    yield Door()


def name_of(operation: Operation) -> str:
    return operation.id


each_operation = pytest.mark.parametrize("operation", OFFERED, ids=name_of)


def test_every_operation_of_the_contract_is_walked() -> None:
    assert len(OFFERED) > 10
    assert {way.scheme for operation in OFFERED for way in operation.ways} <= {"guest", "customer", "machine"}


@each_operation
async def test_a_token_of_each_kind_opens_what_the_contract_has_a_way_in_for(door: Door, operation: Operation) -> None:
    tokens = {"guest": door.guest(ALL), "customer": door.pooled("web", ALL), "machine": door.pooled("robot", ALL)}

    for kind, token in tokens.items():
        answer = await door.knock(operation, token)
        if operation.way_of(kind) or operation.is_open:
            assert answer.status_code in DONE, (kind, answer.text)
        else:
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed"), kind


@each_operation
async def test_a_token_that_lacks_a_scope_opens_nothing(door: Door, operation: Operation) -> None:
    for way in operation.ways:
        for scope in way.scopes:
            lacking = ALL - {scope}
            token = (
                door.guest(lacking)
                if way.scheme == "guest"
                else door.pooled("web" if way.scheme == "customer" else "robot", lacking)
            )

            answer = await door.knock(operation, token)

            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
            assert scope in answer.json()["detail"]
    assert not door.service.asked


@each_operation
async def test_without_a_token_only_what_is_open_opens(door: Door, operation: Operation) -> None:
    answer = await door.knock(operation, None)

    assert (answer.status_code in DONE) if operation.is_open else (answer.status_code == 401)
    assert bool(door.service.asked) == (operation.is_open and operation.path.startswith("/v1/"))


def forged(door: Door) -> dict[str, str]:
    """Tokens that are good but for one thing."""
    good = door.pooled("web", ALL)
    head, claims, _ = good.split(".")
    public = POOL_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    content = jwt.decode(good, options={"verify_signature": False})
    return {
        "unsigned": jwt.encode(content, "", "none", headers={"kid": "pool-1"}),
        "signed with the public key as a secret": signed_with_the_public_key(content, public, "pool-1"),
        "signed with the edge's key as if it were the pool's": jwt.encode(content, EDGE_KEY, "EdDSA", headers={"kid": "pool-1"}),
        "signed with another key": door.pooled("web", ALL, key=OTHER_KEY),
        "of a key that nobody has": door.pooled("web", ALL, kid="other"),
        "without a signature": f"{head}.{claims}.",
        "of another pool": door.pooled("web", ALL, iss=f"{POOL}-other"),
        "of the pool in the edge's name": door.pooled("web", ALL, iss="shop-edge"),
        "for another client": door.pooled("elsewhere", ALL),
        "an id token": door.pooled("web", ALL, token_use="id", aud="web"),
        "expired": door.pooled("web", ALL, exp=int(door.clock.now()) - 60),
        "without an end": door.pooled("web", ALL, exp=None),
        "of nobody who signs in": door.pooled("web", ALL, sub="robot"),
        "a guest's for other ears": door.guest(ALL, audience="elsewhere"),
        "for the services behind": door.tokens.internal(guest("gst_1")),
        "no token": "a.b.c",
        "nothing like it": "\u00e4".encode("latin-1").decode("latin-1"),
    }


@each_operation
async def test_no_forged_token_opens_anything_not_even_what_needs_none(door: Door, operation: Operation) -> None:
    if operation.path == "/.well-known/jwks.json":
        pytest.skip("it shows keys and reads no token")
    for what, token in forged(door).items():
        headers = {b"authorization": f"Bearer {token}".encode("latin-1"), b"idempotency-key": str(uuid4()).encode()}
        path = operation.path.replace("{", "").replace("}", "")

        answer = await door.http.request(operation.method, path, headers=headers)

        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), what
        assert answer.json()["correlationId"] == answer.headers["x-correlation-id"]
    assert not door.service.asked


async def test_a_customer_is_who_the_token_names_and_may_do_behind_the_door_what_the_operation_wants(door: Door) -> None:
    (read,) = (operation for operation in OFFERED if operation.id == "getCustomer")

    await door.knock(read, door.pooled("web", ALL))

    (asked,) = door.service.asked
    assert (asked.customer, asked.scopes) == (identifier_of_uuid("cus", ANN), frozenset({"customers:read"}))


async def test_what_no_contract_offers_is_not_there(door: Door) -> None:
    answers = [await door.http.get(path) for path in ("/v1/payments", "/v1/customers/cus_1", "/v1/reservations/res_1")]

    assert [answer.status_code for answer in answers] == [404] * 3
