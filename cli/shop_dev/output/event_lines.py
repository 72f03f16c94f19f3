"""Events one by one: as data for scripts, and as lines with their time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Self, TextIO

import msgspec
from shop_sandbox.events import AnyEvent

from shop_dev.output.envelope import json_line
from shop_dev.output.plain import lines


def event_data(event: AnyEvent) -> dict[str, object]:
    """Return an event for scripts: `event` names its kind, `at` is seconds since the epoch."""
    found: dict[str, object] = msgspec.to_builtins(event)
    return {_camel(name): value for name, value in found.items()}


def event_lines(events: Iterable[AnyEvent]) -> Iterator[str]:
    """Give the lines of events that say something to a reader, each after its time of day."""
    for event in events:
        at = datetime.fromtimestamp(event.at).astimezone().strftime("%H:%M:%S")
        yield from (f"{at} {line}" for line in lines(event))


class JsonSink:
    """One line of JSON an event, for CI that wants to see a start as it goes; the command's document follows as the last line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()  # downloads announce from their own threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def announce(self, event: AnyEvent) -> None:
        self._write(event_data(event))

    def say(self, line: str) -> None:
        self._write({"event": "said", "at": time.time(), "text": line})

    def _write(self, data: dict[str, object]) -> None:
        with self._lock:
            self._stream.write(json_line(data) + "\n")
            self._stream.flush()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
