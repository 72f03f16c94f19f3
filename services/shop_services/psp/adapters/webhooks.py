"""Tells the merchant what happened at the provider by itself, signed with HMAC-SHA-256 over time and body as providers do."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Any

import aiohttp
import msgspec
from shop_kit.clock import Clock
from shop_kit.errors import Unavailable

SECONDS = 5.0


class Webhooks:
    """Sends events. Whoever asks for one says where to, since nobody registers anything with a stand-in."""

    def __init__(self, session: aiohttp.ClientSession, secret: str, clock: Clock) -> None:
        self._session = session
        self._secret = secret
        self._clock = clock

    async def send(self, url: str, event_type: str, facts: dict[str, Any], *, times: int) -> list[int]:
        """Send one event so many times, under one id. Returns the statuses it was answered with. Raises Unavailable."""
        body = msgspec.json.encode({"id": f"evt_{uuid.uuid4().hex}", "type": event_type, **facts})
        return [await self._send(url, body) for _ in range(times)]

    async def _send(self, url: str, body: bytes) -> int:
        moment = str(int(self._clock.now()))
        signature = hmac.digest(self._secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hex()
        headers = {"content-type": "application/json", "psp-signature": f"t={moment},v1={signature}"}
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with self._session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable("the merchant", f"{url}: {error or type(error).__name__}") from error
