"""Ed25519 keys: from PEM, and as JSON Web Keys (RFC 8037)."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key
from jwt import PyJWK
from jwt.algorithms import OKPAlgorithm

from shop_kit.errors import KitError

ALGORITHM = "EdDSA"
"""With which the shop's own tokens are signed."""


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
