"""Internal tokens: what is forged, expired or meant for others does not hold."""

from __future__ import annotations

import json
from typing import Any

import jwt
import jwt.algorithms
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shop_kit.auth import NotAllowed, NotAuthenticated, StaticKeys, TokenExpired, TokenSigner, TokenVerifier
from shop_kit.auth.jwks import read_jwks
from shop_kit.auth.tokens import bearer
from shop_kit.errors import Unavailable
from shop_kit.testing.clock import HandClock

pytestmark = pytest.mark.anyio
KEY, OTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def signer(clock: HandClock, key: Ed25519PrivateKey = KEY) -> TokenSigner:
    return TokenSigner(key, "shop-edge", clock)


def verifier(clock: HandClock) -> TokenVerifier:
    return TokenVerifier(StaticKeys(KEY.public_key()), issuer="shop-edge", audience="shop-internal", clock=clock)


async def test_a_signed_token_names_its_subject_and_scopes() -> None:
    clock = HandClock()
    token = signer(clock).sign("cus-1", audience="shop-internal", scopes=["orders:read"], lifetime_seconds=60)

    principal = await verifier(clock).verify(token)

    assert (principal.subject, principal.scopes) == ("cus-1", frozenset({"orders:read"}))
    with pytest.raises(NotAllowed):
        principal.require("orders:place")


async def test_a_token_that_was_verified_before_still_expires() -> None:
    clock = HandClock()
    tokens = verifier(clock)
    token = signer(clock).sign("cus-1", audience="shop-internal", lifetime_seconds=60)
    await tokens.verify(token)

    clock.pass_by(66)

    with pytest.raises(TokenExpired):
        await tokens.verify(token)


async def test_a_good_token_whose_time_is_over_is_told_from_a_bad_one() -> None:
    clock = HandClock()
    good, bad = [signer(clock, key).sign("cus-1", audience="shop-internal", lifetime_seconds=60) for key in (KEY, OTHER_KEY)]
    clock.pass_by(66)

    with pytest.raises(TokenExpired):
        await verifier(clock).verify(good)
    with pytest.raises(NotAuthenticated) as refused:
        await verifier(clock).verify(bad)
    assert not isinstance(refused.value, TokenExpired)


async def test_who_takes_each_token_once_remembers_none() -> None:
    clock = HandClock()
    tokens = TokenVerifier(StaticKeys(KEY.public_key()), issuer="shop-edge", audience="shop-internal", clock=clock, remembers=0)
    token = signer(clock).sign("cus-1", audience="shop-internal", lifetime_seconds=60)

    await tokens.verify(token)

    assert not tokens.knows(token)


async def test_a_token_for_another_audience_does_not_hold() -> None:
    clock = HandClock()
    token = signer(clock).sign("cus-1", audience="shop", lifetime_seconds=60)

    with pytest.raises(NotAuthenticated):
        await verifier(clock).verify(token)


async def test_a_token_of_another_key_does_not_hold() -> None:
    clock = HandClock()
    token = signer(clock, Ed25519PrivateKey.generate()).sign("cus-1", audience="shop-internal", lifetime_seconds=60)

    with pytest.raises(NotAuthenticated):
        await verifier(clock).verify(token)


async def test_an_unsigned_token_does_not_hold() -> None:
    clock = HandClock()
    claims = {"sub": "cus-1", "aud": "shop-internal", "iss": "shop-edge", "iat": 0, "exp": 2**40}

    with pytest.raises(NotAuthenticated):
        await verifier(clock).verify(jwt.encode(claims, "", "none"))


async def test_a_token_whose_subject_was_changed_does_not_hold() -> None:
    clock = HandClock()
    token = signer(clock).sign("cus-1", audience="shop-internal", lifetime_seconds=60)
    header, _, signature = token.split(".")
    other = signer(clock).sign("cus-2", audience="shop-internal", lifetime_seconds=60).split(".")[1]

    with pytest.raises(NotAuthenticated):
        await verifier(clock).verify(f"{header}.{other}.{signature}")


async def test_without_an_issuer_no_token_holds() -> None:
    clock = HandClock()
    nobodys = TokenVerifier.of_issuer("shop-edge", None, audience="shop-internal", clock=clock)

    with pytest.raises(NotAuthenticated):
        await nobodys.verify(signer(clock).sign("cus-1", audience="shop-internal", lifetime_seconds=60))


async def test_an_issuer_that_does_not_answer_is_away_and_its_tokens_are_not_wrong() -> None:
    clock = HandClock()
    silent = TokenVerifier.of_issuer("shop-edge", "http://127.0.0.1:9", audience="shop-internal", clock=clock)

    with pytest.raises(Unavailable):
        await silent.verify(signer(clock).sign("cus-1", audience="shop-internal", lifetime_seconds=60))


@pytest.mark.parametrize(
    ("authorization", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Bearer", None), ("Bearer  ", None), ("Basic abc", None), ("", None)],
)
def test_a_bearer_token_is_what_stands_behind_the_word(authorization: str, token: str | None) -> None:
    assert bearer(authorization) == token


def test_of_an_issuers_keys_only_those_are_taken_that_tokens_are_signed_with() -> None:
    others = {
        "ed448": jwk_of(jwt.algorithms.OKPAlgorithm, Ed448PrivateKey.generate().public_key()),
        "ec": jwk_of(jwt.algorithms.ECAlgorithm, ec.generate_private_key(ec.SECP256R1()).public_key()),
        "a secret": jwk_of(jwt.algorithms.OKPAlgorithm, Ed25519PrivateKey.generate()),
        "none": {"kty": "none"},
    }
    published = [*signer(HandClock()).jwks()["keys"], *({**key, "kid": kid} for kid, key in others.items())]

    assert [*read_jwks(msgspec.json.encode({"keys": published}))] == [signer(HandClock()).jwks()["keys"][0]["kid"]]


def jwk_of(algorithm: Any, key: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(algorithm.to_jwk(key))
    return found
