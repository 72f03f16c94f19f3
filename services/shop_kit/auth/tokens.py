"""Tokens: signed by one, verified by all others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWK

from shop_kit.auth.jwks import JwksKeys
from shop_kit.auth.keys import ALGORITHM, Keys, StaticKeys, jwk, key_id
from shop_kit.clock import Clock, SystemClock
from shop_kit.errors import KitError
from shop_kit.resilience.calls import GuardedCalls
from shop_kit.tls import MutualTls

LEEWAY_SECONDS = 5.0
REMEMBERED_TOKENS = 4096
REMEMBERED_HEADERS = 64
JWKS_PATH = "/.well-known/jwks.json"


class NotAuthenticated(KitError):
    """No token, or one that does not hold."""


class TokenExpired(NotAuthenticated):
    """A good token whose time is over."""

    def __init__(self) -> None:
        super().__init__("the token has expired")


class NotAllowed(KitError):
    """The token holds but does not reach this far."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the token lacks the scope {scope}")
        self.scope = scope


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: `subject` is a customer's or service's id."""

    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, Any]

    def require(self, scope: str) -> None:
        """Return when the principal has `scope`. Raises NotAllowed."""
        if scope not in self.scopes:
            raise NotAllowed(scope)


def bearer(authorization: str) -> str | None:
    """Return the token of credentials as HTTP and gRPC carry them, `Bearer …` (RFC 6750); None for any others."""
    kind, _, token = authorization.partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


class TokenSigner:
    """Signs tokens as `issuer`."""

    def __init__(self, key: Ed25519PrivateKey, issuer: str, clock: Clock | None = None) -> None:
        self._key = key
        self._issuer = issuer
        self._clock = clock or SystemClock()
        self._key_id = key_id(key.public_key())

    def sign(
        self,
        subject: str,
        *,
        audience: str,
        scopes: Collection[str] = (),
        lifetime_seconds: float,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token for `subject`, valid from now for `lifetime_seconds`."""
        now = self._clock.now()
        claims = {
            **(extra or {}),
            "iss": self._issuer,
            "sub": subject,
            "aud": audience,
            "iat": int(now),
            "exp": int(now + lifetime_seconds),
            "scope": " ".join(sorted(scopes)),
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._key_id})

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set (RFC 8037)."""
        return {"keys": [jwk(self._key.public_key())]}


class TokenVerifier:
    """Verifies tokens of one issuer for one audience, each once: a verified token is remembered until it expires or its key goes.

    Exactly one `algorithm` is taken, whatever a token says of itself. `audience_claim` is where the issuer writes for whom a token
    is (`client_id` in Cognito's access tokens), and `claims` are others that must be as they are here.
    `remembers` is how many tokens; none where each comes once.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        issuer: str,
        audience: str | Collection[str],
        clock: Clock | None = None,
        remembers: int = REMEMBERED_TOKENS,
        algorithm: str = ALGORITHM,
        audience_claim: str = "aud",
        claims: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = frozenset({audience} if isinstance(audience, str) else audience)
        self._clock = clock or SystemClock()
        self._remembers = remembers
        self._algorithm = algorithm
        self._audience_claim = audience_claim
        self._claims = claims
        self._verified: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    @classmethod
    def of_issuer(
        cls,
        issuer: str,
        url: str | None,
        *,
        audience: str,
        clock: Clock | None = None,
        remembers: int = REMEMBERED_TOKENS,
        tls: MutualTls | None = None,
        calls: GuardedCalls | None = None,
    ) -> TokenVerifier:
        """Return a verifier with the keys that the issuer publishes at `url`; without a `url` no token holds.

        `tls` is for an issuer that answers over https, to known certificates only; `calls` is how it is asked.
        """
        keys: Keys = StaticKeys()
        if url:
            keys = JwksKeys(f"{url.rstrip('/')}{JWKS_PATH}", tls=tls.client if tls else None, calls=calls)
        return cls(keys, issuer=issuer, audience=audience, clock=clock, remembers=remembers)

    def knows(self, token: str) -> bool:
        """Return whether this token was verified before, so that verifying it again costs nothing."""
        return token in self._verified

    async def verify(self, token: str) -> Principal:
        """Return who the token stands for. Raises NotAuthenticated; Unavailable when the issuer's keys cannot be had."""
        key = await self._key(token)
        known = self._verified.get(token)
        principal, expires_at = known or _read(self._proved(token, key))
        if self._clock.now() >= expires_at + LEEWAY_SECONDS:
            self._verified.pop(token, None)
            raise TokenExpired
        if known is None:
            self._remember(token, principal, expires_at)
        return principal

    def trust(self, token: str) -> None:
        """Remember a token that this process has just signed itself, so that it need not be verified."""
        self._remember(token, *_read(jwt.decode(token, options={"verify_signature": False})))

    def _remember(self, token: str, principal: Principal, expires_at: float) -> None:
        self._verified[token] = (principal, expires_at)
        if len(self._verified) > self._remembers:
            self._verified.popitem(last=False)

    async def _key(self, token: str) -> PyJWK:
        """Return the key that the token names. Raises NotAuthenticated when it is not, or no more, the issuer's."""
        try:
            key = await self._keys.find(_key_id_in(token.partition(".")[0]))
        except jwt.InvalidTokenError as error:
            raise NotAuthenticated(f"the token does not hold: {error}") from error
        if key is None:
            self._verified.pop(token, None)
            raise NotAuthenticated("the token is signed with a key that is not known here")
        return key

    def _proved(self, token: str, key: PyJWK) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[self._algorithm],
                issuer=self._issuer,
                options={
                    "require": ["exp", "iat", "sub", "iss", self._audience_claim],
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise NotAuthenticated(f"the token does not hold: {error}") from error
        meant_for = claims[self._audience_claim]
        if self._audience.isdisjoint(meant_for if isinstance(meant_for, list) else [meant_for]):
            raise NotAuthenticated("the token is meant for somebody else")
        if any(claims.get(name) != value for name, value in self._claims.items()):
            raise NotAuthenticated("the token is of another kind")
        return claims


@lru_cache(REMEMBERED_HEADERS)
def _key_id_in(header: str) -> str:
    """Return the key's id in the first part of a token, the same for all that are signed with it. Raises jwt.InvalidTokenError."""
    return str(jwt.get_unverified_header(f"{header}.e30.").get("kid", ""))


def _read(claims: Mapping[str, Any]) -> tuple[Principal, float]:
    """Return whom the claims name, and when they expire."""
    return Principal(str(claims["sub"]), frozenset(str(claims.get("scope", "")).split()), claims), float(claims["exp"])
