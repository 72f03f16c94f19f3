"""How the proxies of a sandbox are told of faults, from outside."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import msgspec

from shop_sandbox.chaos.fault import ProxyFault
from shop_sandbox.chaos.proxies import Told

_SECONDS = 5.0


class Refused(Exception):
    """The proxies do not take a fault; the message says why."""


class Control:
    """Speaks to the proxies at a URL. Raises OSError where they are not there."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc

    def begin(self, fault: ProxyFault) -> None:
        """Let a fault begin now. Raises Refused for a target that nobody calls through a proxy."""
        self._ask("POST", msgspec.json.encode(fault))

    def end_all(self) -> None:
        """Be calm."""
        self._ask("DELETE")

    def told(self) -> Told:
        """Return the faults of this moment, and what they have struck."""
        return msgspec.json.decode(self._ask("GET"), type=Told)

    def _ask(self, method: str, body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection(self._netloc, timeout=_SECONDS)
        try:
            connection.request(method, "/faults", body)
            answer = connection.getresponse()
            said = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"the proxies at {self._netloc} gave no answer: {error}") from error
        finally:
            connection.close()
        if answer.status == http.client.UNPROCESSABLE_ENTITY:
            raise Refused(msgspec.json.decode(said)["error"])
        if answer.status >= 300:
            raise ConnectionError(f"the proxies at {self._netloc} answered {answer.status}")
        return said
