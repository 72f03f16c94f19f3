"""Values that change while a service runs, such as feature flags and limits: asked for without waiting, with the last good one.

A value is read from its source again and again. What the source gives must be a JSON document of the value's type; one that is not,
or a source that is away, leaves the last good value in force, and the default where there was none yet. So a typo in a flag turns
nothing off.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.clock import Clock
from shop_kit.errors import Transient, Unavailable

_log = logging.getLogger(__name__)

T = TypeVar("T")
Source = Callable[[], Awaitable[bytes | str]]
"""Gives the document as it is now. Raises Transient, or AwsError where it is not there."""


class ChangingValue(Generic[T]):
    """A value of `kind` (a Struct, usually). Let a service `repeats(value.refresh, …)`, and ask `current` wherever it counts."""

    def __init__(
        self, name: str, source: Source, kind: type[T], *, default: T, clock: Clock, stale_seconds: float = 3600.0
    ) -> None:
        self.name = name
        self._source = source
        self._kind = kind
        self._current = default
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._read_at = clock.now()
        self._document: bytes | str | None = None

    @property
    def current(self) -> T:
        """Return the last good value."""
        return self._current

    async def refresh(self) -> None:
        """Read the value again. Whatever goes wrong is logged, and the last good value stays."""
        try:
            document = await self._source()
            if document != self._document:
                self._current = msgspec.json.decode(document, type=self._kind)
                _log.info("a value has changed", extra={"value": self.name, "to": str(self._current)})
        except (Transient, AwsError) as error:
            _log.warning("a value could not be read", extra={"value": self.name, "reason": str(error)})
        except msgspec.DecodeError as error:
            _log.error("a value is not valid: the last good one stays", extra={"value": self.name, "reason": str(error)})
        else:
            self._document = document
            self._read_at = self._clock.now()

    async def check(self) -> None:
        """Return when the value was read not long ago. Raises Unavailable; for dashboards more than for readiness."""
        seconds = self._clock.now() - self._read_at
        if seconds > self._stale_seconds:
            raise Unavailable(self.name, f"it was last read {seconds:.0f} s ago")


def parameter(aws: AwsClient, name: str) -> Source:
    """Return a source that reads a parameter of Systems Manager."""

    async def read() -> str:
        answer = await aws.call("ssm", "AmazonSSM", "GetParameter", {"Name": name, "WithDecryption": True}, version="1.1")
        return str(answer["Parameter"]["Value"])

    return read
