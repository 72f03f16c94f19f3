"""Tokens that libraries refuse to make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any


def signed_with_the_public_key(claims: Mapping[str, Any], public: bytes, kid: str) -> str:
    """Key confusion: an HMAC whose secret is what everybody knows."""
    signed = b".".join(_part(part) for part in ({"alg": "HS256", "kid": kid}, claims))
    return b".".join((signed, _encoded(hmac.digest(public, signed, hashlib.sha256)))).decode()


def _part(content: Mapping[str, Any]) -> bytes:
    return _encoded(json.dumps(content).encode())


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
