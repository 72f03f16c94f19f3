"""Readers of the sandbox's events, equal in rank: a live picture, plain lines, and silence for those who want JSON only."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from shop_sandbox.events import AnyEvent


class Sink(Protocol):
    """Takes events while it is open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def announce(self, event: AnyEvent) -> None: ...

    def say(self, line: str) -> None:
        """Tell the reader something that is no event: what happens next, or how to leave."""
        ...


class SilentSink:
    """Takes everything, shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def announce(self, event: AnyEvent) -> None: ...

    def say(self, line: str) -> None: ...


def sink_for(*, json: bool) -> Sink:
    """Return a live picture on a terminal, plain lines elsewhere. With `json` stdout stays free.

    The picture is then on stderr, if that is a terminal.
    """
    stream = sys.stderr if json else sys.stdout
    if stream.isatty():
        from shop_dev.output.live import LiveSink

        return LiveSink(stream)
    if json:
        return SilentSink()
    from shop_dev.output.plain import PlainSink

    return PlainSink(stream, since=time.time())
