"""Somebody who uses the shop: their calls, measured."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec


class Refused(Exception):
    """A call had another answer than the journey expects; it is counted, and the visit ends."""


class Answer(Protocol):
    """What an HTTP client gives back. A status of 0 is no answer at all."""

    @property
    def status_code(self) -> int: ...

    @property
    def content(self) -> bytes | None: ...


_NOT_FOUND = 404
Send = Callable[[str, str, str | None, Mapping[str, str]], Answer]
Data = Mapping[str, Any]
"""What visits choose from, as JSON: the same for all of a run."""
Record = Callable[[str, float, str | None], None]


class Visitor:
    """Calls the shop for one visit.

    The first call counts from the moment at which the visit should have begun, all others from when they are made: whoever waits
    for an answer does not ask on meanwhile.
    """

    def __init__(self, send: Send, record: Record, *, due: float, dice: random.Random, data: Data) -> None:
        self.dice = dice
        self.data = data
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
        expected: int = 200,
        may_be_missing: bool = False,
    ) -> Any:
        """Call an operation and return its JSON, None where there is none or where 404 is an answer like another.

        Raises Refused for any other status than the expected one.
        """
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        if method == "POST":
            headers["idempotency-key"] = str(uuid.uuid4())
        if body is not None:
            headers["content-type"] = "application/json"
        since, self._since = self._since or time.monotonic(), None
        answer = self._send(method, path, msgspec.json.encode(body).decode() if body is not None else None, headers)
        missing = may_be_missing and answer.status_code == _NOT_FOUND
        failure = (
            None
            if missing or answer.status_code == expected
            else f"HTTP {answer.status_code}"
            if answer.status_code
            else "no answer"
        )
        self._record(operation, time.monotonic() - since, failure)
        if failure is not None:
            raise Refused(f"{operation}: {failure}")
        return msgspec.json.decode(answer.content) if answer.content and not missing else None

    def record(self, what: str, since: float, failure: str | None = None) -> None:
        """Count something that takes more than one call, from a moment of the monotonic clock until now."""
        self._record(what, time.monotonic() - since, failure)
