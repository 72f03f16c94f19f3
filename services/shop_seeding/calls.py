"""Calls to the front doors of a running shop's services, as somebody who may set everything."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER
from shop_kit.auth import TokenSigner, signing_key
from shop_kit.aws.client import AwsClient
from shop_kit.aws.secrets import read_secret
from shop_kit.settings import AwsSettings

from shop_seeding.failing import SeedingFailed

SIGNING_SECRET = "edge-signing"  # noqa: S105  # nosec B105 # the name of a secret
SCOPES = ("catalog:write", "stock:write", "pricing:write")
AT_ONCE = 4
TOKEN_SECONDS = 1800
CALL_SECONDS = 30
STAYS = 412
"""The answer to who would make what is there already."""


@dataclass(frozen=True)
class Caller:
    """Sends a few requests at a time."""

    session: aiohttp.ClientSession
    free: asyncio.Semaphore

    async def post(self, url: str, body: Mapping[str, object], *, what: str) -> dict[str, Any]:
        """Send what may be sent again under another key. Returns the answer. Raises SeedingFailed, which names `what`."""
        return await self._send("POST", url, body, {"Idempotency-Key": str(uuid.uuid4())}, what)

    async def put_new(self, url: str, body: Mapping[str, object], *, what: str) -> None:
        """Make what is not there yet; what is there stays. Raises SeedingFailed, which names `what`."""
        await self._send("PUT", url, body, {"If-None-Match": "*"}, what)

    async def _send(
        self, method: str, url: str, body: Mapping[str, object], headers: Mapping[str, str], what: str
    ) -> dict[str, Any]:
        async with self.free, self.session.request(method, url, json=body, headers=headers) as answer:
            if answer.status >= 400 and answer.status != STAYS:
                raise SeedingFailed(f"{url} answered {answer.status} to {what}: {_told(await answer.text())}")
            return dict(await answer.json(content_type=None) or {})


@asynccontextmanager
async def calling(aws: AwsSettings) -> AsyncIterator[Caller]:
    """Give a caller with a token as the edge signs them: whoever may read the sandbox's secret may set everything."""
    async with AwsClient.connect(aws) as client:
        key = signing_key(await read_secret(client, SIGNING_SECRET))
    token = TokenSigner(key, ISSUER).sign("seeding", audience=INTERNAL_AUDIENCE, scopes=SCOPES, lifetime_seconds=TOKEN_SECONDS)
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield Caller(session, asyncio.Semaphore(AT_ONCE))


def _told(body: str) -> str:
    """Return what a problem+json document says with its first faults, else the beginning of the body."""
    try:
        problem = json.loads(body)
        faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors") or []]
        return "; ".join([str(problem.get("detail") or problem["title"]), *faults[:3]])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:200]
