"""A few calls to AWS, one after the other over one connection: a command that looks is over before aiohttp is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from shop_sandbox.provision.aws_api import Answer, Session, unreachable

_SECONDS = 20.0


@contextmanager
def open_session(endpoint: str) -> Iterator[Session]:
    """Give a session for calls to one endpoint."""
    parts = urlsplit(endpoint)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=_SECONDS)
    try:
        yield _Session(connection)
    finally:
        connection.close()


class _Session:
    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        try:
            self._connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, dict(headers))
            response = self._connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            raise unreachable(url, error) from error
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
