"""Keys as their issuer publishes them (JSON Web Key Sets, RFC 7517), kept while it is away and exchanged when it rotates them."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from shop_kit.auth.keys import ALGORITHM
from shop_kit.errors import Unavailable

_log = logging.getLogger(__name__)

FETCH_SECONDS = 3.0
RSA_ALGORITHM = "RS256"
"""With which Cognito signs."""
_KINDS: Mapping[str, type] = {ALGORITHM: Ed25519PublicKey, RSA_ALGORITHM: RSAPublicKey}


class JwksKeys:
    """The keys at a URL, of one algorithm only.

    They are looked at again every `fresh_seconds`, beside the requests that need them, and at once for a key that is not known, at
    most once in `retry_seconds`. A key that the issuer took out is gone with the next look. While the issuer is away the keys stay
    as they are: whoever has a token gets in.
    """

    def __init__(
        self,
        url: str,
        *,
        algorithm: str = ALGORITHM,
        fresh_seconds: float = 300.0,
        retry_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._tls = tls
        self._algorithm = algorithm
        self._fresh_seconds = fresh_seconds
        self._retry_seconds = retry_seconds
        self._monotonic = monotonic
        self._keys: Mapping[str, PyJWK] = {}
        self._looked_at = float("-inf")
        self._failure: Unavailable | None = None
        self._looking: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> PyJWK | None:
        """Return the key of that id, or None. Raises Unavailable for one that is not known while the issuer does not answer."""
        if kid in self._keys:
            if self._is_due(self._retry_seconds if self._failure else self._fresh_seconds):
                self._look()
            return self._keys[kid]
        if self._looking is not None or self._is_due(self._retry_seconds):
            await asyncio.shield(self._look())
        if kid not in self._keys and self._failure is not None:
            raise Unavailable(self._failure.dependency, self._failure.reason)
        return self._keys.get(kid)

    def _is_due(self, seconds: float) -> bool:
        return self._looking is None and self._monotonic() - self._looked_at >= seconds

    def _look(self) -> asyncio.Task[None]:
        """Return the one look that is under way."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._renew())
        return self._looking

    async def _renew(self) -> None:
        try:
            found = await self._fetch()
        except Unavailable as away:
            _log.warning("keys could not be looked at", extra={"url": self._url, "reason": away.reason})
            self._failure = away
        else:
            self._keys, self._failure = found, None
        finally:
            self._looked_at = self._monotonic()
            self._looking = None

    async def _fetch(self) -> Mapping[str, PyJWK]:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS)) as session,
                session.get(self._url, ssl=self._tls or True) as response,
            ):
                content = await response.read()
                if response.status != 200:
                    raise Unavailable("token issuer", f"HTTP {response.status} from {self._url}")
            return read_jwks(content, self._algorithm)
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise Unavailable("token issuer", str(error) or type(error).__name__) from error


class _Jwks(msgspec.Struct):
    keys: list[dict[str, Any]]


def read_jwks(content: bytes, algorithm: str = ALGORITHM) -> Mapping[str, PyJWK]:
    """Return the public keys for an algorithm in a JSON Web Key Set by their ids; others, and what is no key, are left out.

    Raises msgspec.MsgspecError for what is no key set at all.
    """
    found: dict[str, PyJWK] = {}
    for one in msgspec.json.decode(content, type=_Jwks).keys:
        try:
            key = PyJWK(one)
        except (PyJWTError, ValueError, TypeError):
            continue
        if isinstance(key.key, _KINDS[algorithm]) and one.get("use", "sig") == "sig" and key.key_id:
            found[key.key_id] = key
    return found
