"""Keys that an issuer publishes: taken over when they rotate, kept while it is away, and of one algorithm only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fakes.forged_tokens import signed_with_the_public_key
from jwt.algorithms import RSAAlgorithm
from shop_kit.auth import RSA_ALGORITHM, JwksKeys, NotAuthenticated, TokenVerifier
from shop_kit.auth.keys import jwk, key_id
from shop_kit.errors import Unavailable
from shop_kit.testing.clock import HandClock

pytestmark = pytest.mark.anyio
FRESH, RETRY = 300.0, 5.0
OLD, NEW = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
POOL, WEB = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool", "web-client"


def rsa_jwk(key: RSAPrivateKey, kid: str) -> dict[str, Any]:
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", "alg": "RS256"}


@dataclass
class Issuer:
    """A user pool that publishes `keys`, or is away."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [rsa_jwk(OLD, "old")])
    is_away: bool = False
    asked: int = 0
    url: str = ""
    seconds: float = 0.0

    async def show(self, _request: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(status=503) if self.is_away else web.json_response({"keys": self.keys})

    def published(self) -> JwksKeys:
        return JwksKeys(self.url, algorithm=RSA_ALGORITHM, fresh_seconds=FRESH, retry_seconds=RETRY, monotonic=lambda: self.seconds)

    async def was_asked(self, times: int) -> None:
        async with asyncio.timeout(10):
            while self.asked < times:  # noqa: ASYNC110 - it is on the other side of a socket
                await asyncio.sleep(0.005)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer, app = Issuer(), web.Application()
    app.router.add_get("/keys", issuer.show)
    async with TestServer(app) as server:
        issuer.url = str(server.make_url("/keys"))
        yield issuer


def customers(keys: JwksKeys) -> TokenVerifier:
    return TokenVerifier(
        keys,
        issuer=POOL,
        audience=[WEB],
        clock=HandClock(),
        algorithm=RSA_ALGORITHM,
        audience_claim="client_id",
        claims={"token_use": "access"},
    )


def token(key: RSAPrivateKey = OLD, kid: str = "old", **other: Any) -> str:
    claims = {
        "iss": POOL,
        "sub": "ann",
        "client_id": WEB,
        "token_use": "access",
        "iat": 0,
        "exp": 2**40,
        "scope": "shop/orders:read",
    }
    return jwt.encode({**claims, **other}, key, "RS256", headers={"kid": kid})


async def test_an_access_token_of_the_pool_holds(issuer: Issuer) -> None:
    principal = await customers(issuer.published()).verify(token())

    assert (principal.subject, principal.scopes) == ("ann", frozenset({"shop/orders:read"}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other"},
        {"client_id": "other"},
        {"token_use": "id"},
        {"exp": 1},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_token_of_another_pool_client_kind_or_time_does_not_hold(issuer: Issuer, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated):
        await customers(issuer.published()).verify(token(**wrong))


async def test_no_other_algorithm_is_taken_whatever_the_token_says(issuer: Issuer) -> None:
    claims = jwt.decode(token(), options={"verify_signature": False})
    pem = OLD.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = Ed25519PrivateKey.generate()
    issuer.keys.append(jwk(own.public_key()))
    forged = [
        jwt.encode(claims, "", "none", headers={"kid": "old"}),
        jwt.api_jws.encode(json.dumps(claims).encode(), OLD, "RS512", headers={"kid": "old"}),
        jwt.encode(claims, own, "EdDSA", headers={"kid": key_id(own.public_key())}),
        signed_with_the_public_key(claims, pem, "old"),
    ]
    verifier = customers(issuer.published())

    for one in forged:
        with pytest.raises(NotAuthenticated):
            await verifier.verify(one)


async def test_a_new_key_is_fetched_when_the_first_token_signed_with_it_comes(issuer: Issuer) -> None:
    keys = issuer.published()
    assert await keys.find("old")
    issuer.keys.append(rsa_jwk(NEW, "new"))
    issuer.seconds += RETRY

    assert await keys.find("new")
    assert issuer.asked == 2


async def test_unknown_keys_do_not_make_anybody_ask_the_issuer_more_often(issuer: Issuer) -> None:
    keys = issuer.published()

    assert [await keys.find(f"guessed-{number}") for number in range(50)] == [None] * 50
    assert issuer.asked == 1


async def test_many_who_come_at_once_share_one_look(issuer: Issuer) -> None:
    keys = issuer.published()

    found = await asyncio.gather(*(keys.find("old") for _ in range(50)))

    assert all(found)
    assert issuer.asked == 1


async def test_a_key_that_is_taken_out_opens_nothing_any_more_also_for_tokens_that_were_seen(issuer: Issuer) -> None:
    keys = issuer.published()
    verifier, seen = customers(keys), token()
    await verifier.verify(seen)
    issuer.keys = [rsa_jwk(NEW, "new")]
    issuer.seconds += FRESH
    await verifier.verify(seen)  # who asks does not wait for the look
    await issuer.was_asked(2)
    assert await keys.find("new")

    with pytest.raises(NotAuthenticated):
        await verifier.verify(seen)


async def test_while_the_issuer_is_away_its_tokens_hold_and_new_keys_are_away(issuer: Issuer) -> None:
    keys = issuer.published()
    verifier = customers(keys)
    await verifier.verify(token())
    issuer.is_away = True
    issuer.seconds += 100 * FRESH

    assert (await verifier.verify(token(sub="bob"))).subject == "bob"
    await issuer.was_asked(2)
    with pytest.raises(Unavailable):
        await verifier.verify(token(NEW, "new"))

    issuer.is_away, issuer.keys = False, [rsa_jwk(NEW, "new")]
    issuer.seconds += RETRY
    assert (await verifier.verify(token(NEW, "new"))).subject == "ann"
