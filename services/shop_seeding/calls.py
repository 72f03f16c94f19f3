"""Calls to the front doors of a running shop's services, as somebody who may set everything."""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
    signer: TokenSigner
    token: str

    def apart(self) -> Caller:
        """Return one whose requests wait for none of the others: what another service is slow with holds it up no more."""
        return replace(self, free=asyncio.Semaphore(AT_ONCE))

    def acting_as(self, subject: str, scopes: Sequence[str]) -> Caller:
        """Return one who calls in somebody's name."""
        return replace(self, token=_token(self.signer, subject, scopes))

    async def post(self, url: str, body: Mapping[str, object], *, what: str) -> dict[str, Any]:
        """Send what may be sent again under another key. Returns the answer. Raises SeedingFailed, which names `what`."""
        return await self._send("POST", url, body, {"Idempotency-Key": str(uuid.uuid4())}, what) or {}

    async def put(self, url: str, body: Mapping[str, object], *, what: str) -> None:
        """Set something. Raises SeedingFailed, which names `what`."""
        await self._send("PUT", url, body, {}, what)

    async def put_new(self, url: str, body: Mapping[str, object], *, what: str) -> bool:
        """Make what is not there yet; what is there stays. Returns whether it is new. Raises SeedingFailed, which names `what`."""
        return await self._send("PUT", url, body, {"If-None-Match": "*"}, what) is not None

    async def _send(
        self, method: str, url: str, body: Mapping[str, object], headers: Mapping[str, str], what: str
    ) -> dict[str, Any] | None:
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        async with self.free, self.session.request(method, url, json=body, headers=sent) as answer:
            if answer.status == STAYS:
                return None
            if answer.status >= 400:
                raise SeedingFailed(f"{url} answered {answer.status} to {what}: {_told(await answer.text())}")
            return dict(await answer.json(content_type=None) or {})


@asynccontextmanager
async def calling(aws: AwsSettings, tls: ssl.SSLContext | None) -> AsyncIterator[Caller]:
    """Give a caller with a token as the edge signs them: whoever may read the sandbox's secret may set everything.

    `tls` is what services are shown that answer known certificates only.
    """
    async with AwsClient.connect(aws) as client:
        key = signing_key(await read_secret(client, SIGNING_SECRET))
    signer, timeout = TokenSigner(key, ISSUER), aiohttp.ClientTimeout(total=CALL_SECONDS)
    connector = aiohttp.TCPConnector(ssl=tls or True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        yield Caller(session, asyncio.Semaphore(AT_ONCE), signer, _token(signer, "seeding", SCOPES))


def _token(signer: TokenSigner, subject: str, scopes: Sequence[str]) -> str:
    return signer.sign(subject, audience=INTERNAL_AUDIENCE, scopes=scopes, lifetime_seconds=TOKEN_SECONDS)


def _told(body: str) -> str:
    """Return what a problem+json document says with its first faults, else the beginning of the body."""
    try:
        problem = json.loads(body)
        faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors") or []]
        return "; ".join([str(problem.get("detail") or problem["title"]), *faults[:3]])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:200]
