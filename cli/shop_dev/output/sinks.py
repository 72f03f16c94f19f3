"""Readers of the sandbox's events, equal in rank: a live picture, plain lines, and silence for those who want JSON only."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
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


class Progress(StrEnum):
    """How a command shows what happens meanwhile."""

    AUTO = "auto"
    """A live picture on a terminal, plain lines elsewhere; with --json only on a terminal, and on stderr."""
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


def sink_for(*, json: bool, progress: Progress = Progress.AUTO) -> Sink:
    """Return what shows events as they come. With `json` stdout stays free for the document, and plain lines go to stderr."""
    stream = sys.stderr if json else sys.stdout
    if progress is Progress.JSON:
        from shop_dev.output.event_lines import JsonSink

        return JsonSink(sys.stdout)
    if progress is Progress.NONE:
        return SilentSink()
    if progress is Progress.PLAIN:
        from shop_dev.output.plain import PlainSink

        return PlainSink(stream, since=time.time())
    if stream.isatty():
        from shop_dev.output.live import LiveSink

        return LiveSink(stream)
    if json:
        return SilentSink()
    from shop_dev.output.plain import PlainSink

    return PlainSink(stream, since=time.time())
