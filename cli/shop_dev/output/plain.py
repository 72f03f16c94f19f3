"""Events as lines of text, for logs, pipes and CI."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec
from shop_sandbox.events import (
    AnyEvent,
    CodeChanged,
    DownloadFinished,
    Event,
    PreparationStarted,
    ProbeFailed,
    ResourceChanged,
    ResourceDied,
    ResourceState,
    SandboxStopped,
    Swept,
)

from shop_dev.output.progress import Progress, died_because

REACHED = (ResourceState.READY, ResourceState.DONE)
QUIET = (ResourceState.PENDING, ResourceState.STOPPING)
"""States that pass by so fast that a line for each only hides the others."""

SHOWN_FILES = 3
DOWNLOADS_TOLD_EVERY_SECONDS = 5.0
WORTH_A_REASON_SECONDS = 2.0
"""For so long it is usual that something is not ready yet, and why is not worth a line."""


class PlainSink:
    """One line an event that a reader of a log cares about. What happened before `since` is not told again."""

    def __init__(self, stream: TextIO, *, since: float) -> None:
        self._since = since
        self._stream = stream
        self._progress = Progress()
        self._said: dict[str, str] = {}
        self._arrived = _Arrived()
        self._lock = threading.Lock()  # downloads announce from their own threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._arrived.count:
            self.say(self._arrived.line(time.time()))

    def announce(self, event: AnyEvent) -> None:
        with self._lock:
            self._tell(event)

    def _tell(self, event: AnyEvent) -> None:
        if isinstance(event, DownloadFinished):
            self._arrived.take(event)
        if self._arrived.are_worth_a_line(event):
            self.say(self._arrived.line(event.at))
        never_ran = isinstance(event, ResourceChanged) and event.state is ResourceState.STOPPED and not self._ran(event.resource)
        self._progress.take(event)
        if event.at < self._since or never_ran:
            return
        if isinstance(event, ProbeFailed) and self._progress.elapsed(event.resource, event.at) < WORTH_A_REASON_SECONDS:
            return
        told = [] if isinstance(event, DownloadFinished) else lines(self._with_own_seconds(event))
        if isinstance(event, ResourceChanged) and told:
            if self._said.get(event.resource) == told[0]:
                return
            self._said[event.resource] = told[0]
        for line in told:
            self.say(line)

    def _ran(self, resource: str) -> bool:
        row = self._progress.rows.get(resource)
        return row is not None and row.state is not ResourceState.PENDING

    def _with_own_seconds(self, event: AnyEvent) -> AnyEvent:
        if isinstance(event, ResourceChanged):
            return msgspec.structs.replace(event, seconds=self._progress.rows[event.resource].seconds)
        return event

    def say(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class _Arrived:
    """Downloads that have arrived and were not told of: Kafka alone is 46 archives, and one line says it as well."""

    def __init__(self) -> None:
        self.count = 0
        self._bytes = 0
        self._told_at = 0.0

    def take(self, event: DownloadFinished) -> None:
        self.count += 1
        self._bytes += event.total_bytes

    def are_worth_a_line(self, event: AnyEvent) -> bool:
        """True now and then while more arrive, which shows that it goes on."""
        return self.count > 0 and event.at - self._told_at > DOWNLOADS_TOLD_EVERY_SECONDS

    def line(self, at: float) -> str:
        self._told_at = at
        told = f"{self.count} archive{'s' if self.count != 1 else ''}, {self._bytes / 1e6:.1f} MB"
        self.count = self._bytes = 0
        return _line("downloaded", told)


def lines(event: AnyEvent) -> list[str]:
    """Return the event as text; no line where it says nothing new to a reader."""
    write = _WRITERS.get(type(event))
    return write(event) if write else []


def _line(subject: str, text: str) -> str:
    return f"{subject:<20} {text}"


def _changed(event: ResourceChanged) -> list[str]:
    if event.state in QUIET:
        return []
    facts = [str(event.state)]
    if event.seconds is not None and event.state in REACHED:
        facts.append(f"in {event.seconds:.2f} s")
    if event.endpoint and event.state is ResourceState.READY:
        facts.append(event.endpoint)
    if event.reason:
        facts.append(f"({event.reason})")
    return [_line(event.resource, " ".join(facts))]


def _probe_failed(event: ProbeFailed) -> list[str]:
    return [_line(event.resource, f"not ready: {event.reason}")]


def _preparing(event: PreparationStarted) -> list[str]:
    return [_line(event.resource, event.what)]


def _downloaded(event: DownloadFinished) -> list[str]:
    return [_line("download", f"{event.artifact}, {event.total_bytes / 1e6:.1f} MB in {event.seconds:.1f} s")]


def _swept(event: Swept) -> list[str]:
    pid = f" (pid {event.pid})" if event.pid else ""
    return [_line(event.resource, f"removed what a dead sandbox left: {event.what}{pid}")]


def _died(event: ResourceDied) -> list[str]:
    quoted = [_line("", f"| {line}") for line in event.last_lines]
    return [_line(event.resource, f"{died_because(event)}; its log is {event.log_path}"), *quoted]


def _code_changed(event: CodeChanged) -> list[str]:
    more = f" and {len(event.files) - SHOWN_FILES} more" if len(event.files) > SHOWN_FILES else ""
    return [_line("changed", f"{', '.join(event.files[:SHOWN_FILES])}{more}: starting {', '.join(event.resources)} again")]


def _stopped(event: SandboxStopped) -> list[str]:
    return [f"Stopped in {event.seconds:.1f} s."]


_WRITERS: dict[type[Event], Callable[[Any], list[str]]] = {
    ResourceChanged: _changed,
    ProbeFailed: _probe_failed,
    PreparationStarted: _preparing,
    DownloadFinished: _downloaded,
    Swept: _swept,
    ResourceDied: _died,
    CodeChanged: _code_changed,
    SandboxStopped: _stopped,
}
