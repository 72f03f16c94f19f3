"""Many calls to AWS side by side, by aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from shop_sandbox.provision.aws_api import Answer, Session, unreachable

_REQUEST_SECONDS = 20.0
_AT_ONCE = 16
"""More calls at once than one emulator process can use."""


@asynccontextmanager
async def open_session() -> AsyncIterator[Session]:
    """Give a session fit for `Aws`, with its deadline."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_AT_ONCE),
        timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS),
        skip_auto_headers={"User-Agent"},
    ) as client:
        yield _Session(client)


class _Session:
    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            async with self._client.request(method, URL(url, encoded=True), data=body, headers=headers) as response:
                return Answer(response.status, response.headers, await response.text())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(url, error) from error
