"""Somebody who uses the shop: their calls, measured."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from shop_loadtests.claims import Claims, Data

NO_ANSWER = "no answer"


class Refused(Exception):
    """A call had another answer than the journey expects; it is counted, and the visit ends."""


class Answer(Protocol):
    """What an HTTP client gives back. A status of 0 is no answer at all."""

    @property
    def status_code(self) -> int: ...

    @property
    def content(self) -> bytes | None: ...

    @property
    def headers(self) -> Any: ...


_NOT_FOUND = 404
Send = Callable[[str, str, str | None, Mapping[str, str]], Answer]
Record = Callable[[str, float, str | None], None]


@dataclass(frozen=True)
class _Request:
    body: str | None
    headers: Mapping[str, str]


class Visitor:
    """Calls the shop for one visit.

    The first call counts from the moment at which the visit should have begun, all others from when they are made: whoever waits
    for an answer does not ask on meanwhile.
    """

    def __init__(self, send: Send, record: Record, *, due: float, dice: random.Random, data: Data, claims: Claims) -> None:
        self.dice = dice
        self.data = data
        self.claims = claims
        self._send = send
        self._record = record
        self._since: float | None = due

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        body: object = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        expected: int | tuple[int, ...] = 200,
        may_be_missing: bool = False,
    ) -> Any:
        """Call an operation and return its JSON, None where there is none or where 404 is an answer like another.

        Raises Refused for any other status than those expected.
        """
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if method == "POST":
            sent["idempotency-key"] = str(uuid.uuid4())
        if body is not None:
            sent["content-type"] = "application/json"
        text = msgspec.json.encode(body).decode() if body is not None else None
        accepted = (*((expected,) if isinstance(expected, int) else expected), *((_NOT_FOUND,) if may_be_missing else ()))
        answer = self._exchange(operation, method, path, _Request(text, sent), accepted)
        return None if may_be_missing and answer.status_code == _NOT_FOUND else self.json(answer)

    def ask(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        expected: int = 200,
    ) -> Answer:
        """Ask for a page, or send a form, as a browser that follows nothing by itself. Raises Refused as `call` does."""
        headers = {"content-type": "application/x-www-form-urlencoded"} if form is not None else {}
        text = urlencode(form) if form is not None else None
        return self._exchange(operation, method, path, _Request(text, headers), (expected,))

    def json(self, answer: Answer) -> Any:
        """Return what an answer holds."""
        return msgspec.json.decode(answer.content) if answer.content else None

    def pause(self, seconds: float) -> None:
        """Think. It counts as nobody's latency."""
        time.sleep(seconds)

    def _exchange(self, operation: str, method: str, path: str, request: _Request, expected: tuple[int, ...]) -> Answer:
        since, self._since = self._since or time.monotonic(), None
        answer = self._send(method, path, request.body, request.headers)
        failure = None if answer.status_code in expected else f"HTTP {answer.status_code}" if answer.status_code else NO_ANSWER
        self._record(operation, time.monotonic() - since, failure)
        if failure is not None:
            raise Refused(f"{operation}: {failure}")
        return answer

    def record(self, what: str, since: float, failure: str | None = None) -> None:
        """Count something that takes more than one call, from a moment of the monotonic clock until now."""
        self._record(what, time.monotonic() - since, failure)
