"""Internal tokens: short-lived JWTs (RFC 7519) that one service signs with Ed25519 and all others verify."""

from __future__ import annotations

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key
from starlette.requests import Request

from shop_kit.clock import Clock, SystemClock
from shop_kit.errors import KitError, Unavailable
from shop_kit.http.problems import Problem

ALGORITHM = "EdDSA"
LEEWAY_SECONDS = 5.0
REMEMBERED_TOKENS = 4096
INTERNAL_ISSUER, INTERNAL_AUDIENCE = "shop-edge", "shop-internal"


class NotAuthenticated(Problem):
    """No token, or one that does not hold."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            401,
            "A valid token is required",
            kind="not-authenticated",
            detail=reason,
            headers={"www-authenticate": 'Bearer realm="shop"'},
        )


class NotAllowed(Problem):
    """The token holds but does not reach this far."""

    def __init__(self, scope: str) -> None:
        super().__init__(403, "This is not allowed with this token", kind="not-allowed", detail=f"it lacks the scope {scope}")


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


def private_key(pem: str) -> Ed25519PrivateKey:
    """Return the signing key in a PEM text. Raises KitError for another kind of key."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KitError(f"an Ed25519 key is wanted, not {type(key).__name__}")
    return key


def public_key(pem: str) -> Ed25519PublicKey:
    """Return the verifying key in a PEM text. Raises KitError for another kind of key."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise KitError(f"an Ed25519 key is wanted, not {type(key).__name__}")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Return a name for a key that follows from the key itself."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


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
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": self._key_id, "x": x}]}


class Keys(Protocol):
    """Finds the public key that a token was signed with."""

    async def find(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key of that id, or None."""
        ...


class StaticKeys:
    """Keys that are known from the start."""

    def __init__(self, *keys: Ed25519PublicKey) -> None:
        self._keys = {key_id(key): key for key in keys}

    async def find(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key of that id, or None."""
        return self._keys.get(kid)


class _Jwk(msgspec.Struct):
    kid: str = ""
    kty: str = ""
    crv: str = ""
    x: str = ""


class _Jwks(msgspec.Struct):
    keys: list[_Jwk]


class JwksKeys:
    """Keys that the issuer publishes, fetched when an unknown one turns up, at most once in `refresh_seconds`."""

    def __init__(self, url: str, *, refresh_seconds: float = 5.0) -> None:
        self._url = url
        self._refresh_seconds = refresh_seconds
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched_at = float("-inf")

    async def find(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key of that id, or None. Raises Unavailable when the issuer does not answer."""
        if kid not in self._keys and time.monotonic() - self._fetched_at >= self._refresh_seconds:
            self._keys = await self._fetch()
            self._fetched_at = time.monotonic()
        return self._keys.get(kid)

    async def _fetch(self) -> dict[str, Ed25519PublicKey]:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session,
                session.get(self._url) as response,
            ):
                content = await response.read()
                if response.status != 200:
                    raise Unavailable("token issuer", f"HTTP {response.status} from {self._url}")
            found = msgspec.json.decode(content, type=_Jwks).keys
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise Unavailable("token issuer", str(error) or type(error).__name__) from error
        return {
            one.kid: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(one.x + "=" * (-len(one.x) % 4)))
            for one in found
            if one.kty == "OKP" and one.crv == "Ed25519"
        }


class TokenVerifier:
    """Verifies tokens of one issuer for one audience, each once: a verified token is remembered until it expires."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str, clock: Clock | None = None) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock or SystemClock()
        self._verified: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Return who the token stands for. Raises NotAuthenticated."""
        known = self._verified.get(token)
        if known is not None:
            principal, expires_at = known
            if self._clock.now() < expires_at + LEEWAY_SECONDS:
                return principal
            del self._verified[token]
            raise NotAuthenticated("the token has expired")
        principal, expires_at = await self._verify(token)
        self._verified[token] = (principal, expires_at)
        if len(self._verified) > REMEMBERED_TOKENS:
            self._verified.popitem(last=False)
        return principal

    async def authenticate(self, request: Request) -> Principal:
        """Return who is calling, from the header `Authorization: Bearer …`. Raises NotAuthenticated."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotAuthenticated("send a header Authorization: Bearer <token>")
        return await self.verify(token.strip())

    async def _verify(self, token: str) -> tuple[Principal, float]:
        try:
            key = await self._keys.find(str(jwt.get_unverified_header(token).get("kid", "")))
            if key is None:
                raise NotAuthenticated("the token is signed with a key that is not known here")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={"require": ["exp", "iat", "sub", "iss", "aud"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as error:
            raise NotAuthenticated(f"the token does not hold: {error}") from error
        expires_at = float(claims["exp"])
        if self._clock.now() >= expires_at + LEEWAY_SECONDS:
            raise NotAuthenticated("the token has expired")
        return Principal(str(claims["sub"]), frozenset(str(claims.get("scope", "")).split()), claims), expires_at


def internal_tokens(edge_url: str | None, clock: Clock) -> TokenVerifier:
    """A verifier of what the edge signs for services, with the keys that the edge publishes; without an edge no token holds."""
    keys: Keys = JwksKeys(f"{edge_url.rstrip('/')}/.well-known/jwks.json") if edge_url else StaticKeys()
    return TokenVerifier(keys, issuer=INTERNAL_ISSUER, audience=INTERNAL_AUDIENCE, clock=clock)


async def require(request: Request, scope: str) -> Principal:
    """The caller, who must have `scope`. Raises NotAuthenticated, NotAllowed; Unavailable when the issuer's keys cannot be had."""
    tokens: TokenVerifier | None = request.app.state.tokens
    if tokens is None:
        raise KitError("this application was made without a TokenVerifier")
    principal = await tokens.authenticate(request)
    principal.require(scope)
    return principal
