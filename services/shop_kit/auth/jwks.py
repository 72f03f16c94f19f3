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
from shop_kit.errors import Overloaded, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline
from shop_kit.resilience.calls import CallKind, GuardedCalls
from shop_kit.resilience.declared import CallPolicy

_log = logging.getLogger(__name__)

ASKING = CallPolicy(service="token issuer", timeout_seconds=3.0, attempts=1)
"""How an issuer is asked of which no manifest says how."""
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
        calls: GuardedCalls | None = None,
    ) -> None:
        self._url = url
        self._tls = tls
        self._calls = calls or GuardedCalls(ASKING, Metrics())
        self._algorithm = algorithm
        self._fresh_seconds = fresh_seconds
        self._retry_seconds = retry_seconds
        self._monotonic = monotonic
        self._keys: Mapping[str, PyJWK] = {}
        self._looked_at = float("-inf")
        self._failure: Unavailable | Overloaded | None = None
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
            raise Unavailable(self._failure.subject, self._failure.reason)
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
            # The deadline of the request that happened to ask first is none of the others' that wait for the same look.
            with deadline.lifted():
                found = await self._calls.call(self._fetch, kind=CallKind.READ, may_repeat=True)
        except (Unavailable, Overloaded) as away:
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
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=deadline.seconds_left())) as session,
                session.get(self._url, ssl=self._tls or True) as response,
            ):
                content = await response.read()
                self._calls.count(str(response.status))
                if response.status != 200:
                    raise Unavailable("token issuer", f"HTTP {response.status} from {self._url}")
            return read_jwks(content, self._algorithm)
        except msgspec.MsgspecError as error:
            raise Unavailable("token issuer", str(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._calls.count("unreachable")
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
