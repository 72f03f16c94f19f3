"""Ed25519 keys: from PEM, as JSON Web Keys (RFC 8037), and as their issuer publishes them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key
from jwt import PyJWK, PyJWTError
from jwt.algorithms import OKPAlgorithm

from shop_kit.errors import KitError, Unavailable

ALGORITHM = "EdDSA"
FETCH_SECONDS = 3.0


def private_key(pem: str) -> Ed25519PrivateKey:
    """Return the signing key in a PEM text. Raises KitError for another kind of key."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KitError(f"an Ed25519 key is wanted, not {type(key).__name__}")
    return key


class _SigningSecret(msgspec.Struct, rename="camel"):
    private_key_pem: str


def signing_key(secret: str) -> Ed25519PrivateKey:
    """Return the key in a secret as provisioning generates it (`generate: ed25519`). Raises KitError, msgspec.MsgspecError."""
    return private_key(msgspec.json.decode(secret, type=_SigningSecret).private_key_pem)


def public_key(pem: str) -> Ed25519PublicKey:
    """Return the verifying key in a PEM text. Raises KitError for another kind of key."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise KitError(f"an Ed25519 key is wanted, not {type(key).__name__}")
    return key


def jwk(key: Ed25519PublicKey) -> dict[str, Any]:
    """Return the key as a JSON Web Key, named after itself."""
    return {**OKPAlgorithm.to_jwk(key, as_dict=True), "use": "sig", "alg": ALGORITHM, "kid": key_id(key)}


def key_id(key: Ed25519PublicKey) -> str:
    """Return a name for a key that follows from the key itself."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


class Keys(Protocol):
    """Finds the public key that a token was signed with."""

    async def find(self, kid: str) -> PyJWK | None:
        """Return the key of that id, or None."""
        ...


class StaticKeys:
    """Keys that are known from the start."""

    def __init__(self, *keys: Ed25519PublicKey) -> None:
        self._keys = {key_id(key): PyJWK(jwk(key)) for key in keys}

    async def find(self, kid: str) -> PyJWK | None:
        """Return the key of that id, or None."""
        return self._keys.get(kid)


class JwksKeys:
    """Keys that the issuer publishes, fetched when an unknown one turns up, at most once in `refresh_seconds`."""

    def __init__(self, url: str, *, refresh_seconds: float = 5.0) -> None:
        self._url = url
        self._refresh_seconds = refresh_seconds
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at = float("-inf")

    async def find(self, kid: str) -> PyJWK | None:
        """Return the key of that id, or None. Raises Unavailable when the issuer does not answer."""
        if kid not in self._keys and time.monotonic() - self._fetched_at >= self._refresh_seconds:
            self._keys = await self._fetch()
            self._fetched_at = time.monotonic()
        return self._keys.get(kid)

    async def _fetch(self) -> Mapping[str, PyJWK]:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS)) as session,
                session.get(self._url) as response,
            ):
                content = await response.read()
                if response.status != 200:
                    raise Unavailable("token issuer", f"HTTP {response.status} from {self._url}")
            return read_jwks(content)
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise Unavailable("token issuer", str(error) or type(error).__name__) from error


class _Jwks(msgspec.Struct):
    keys: list[dict[str, Any]]


def read_jwks(content: bytes) -> Mapping[str, PyJWK]:
    """Return the Ed25519 keys of a JSON Web Key Set by their ids; other kinds, and what is no key, are left out.

    Raises msgspec.MsgspecError for what is no key set at all.
    """
    found: dict[str, PyJWK] = {}
    for one in msgspec.json.decode(content, type=_Jwks).keys:
        try:
            key = PyJWK(one)
        except (PyJWTError, ValueError, TypeError):
            continue
        if isinstance(key.key, Ed25519PublicKey) and key.key_id:
            found[key.key_id] = key
    return found
