"""The stream of events inside the supervisor: one writer, any number of readers, and a journal to replay."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

from shop_sandbox.events import DownloadFinished, DownloadProgress, Event, PreparationStarted, ResourceChanged

_MOST_WAITING: Final = 10_000
_MOST_KEPT: Final = 5_000
_DOWNLOAD_SILENT_SECONDS: Final = 10.0
"""A download that reports no progress for so long is none: its time counts as waiting."""
_LONGEST_PREPARATION_SECONDS: Final = 900.0
"""What is made once for a resource may take so long until its time counts: an image that is built, or pulled."""


class Reader:
    """One reader's events, in order and without end. Use it as a context: outside it, nothing is kept for it."""

    def __init__(self, readers: set[Reader]) -> None:
        self._readers = readers
        self._queue: asyncio.Queue[Event] = asyncio.Queue(_MOST_WAITING)
        readers.add(self)

    def put(self, event: Event) -> None:
        """Keep an event for the reader; one that has stopped reading does not fill the memory."""
        if not self._queue.full():
            self._queue.put_nowait(event)

    def waiting(self) -> Iterator[Event]:
        """Give what has come so far."""
        while not self._queue.empty():
            yield self._queue.get_nowait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._readers.discard(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()


class Announcements:
    """Events in order. The journal holds a start up to its end, whichever that is; `recent` the newest events of all.

    Belongs to one event loop; `announce` may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._readers: set[Reader] = set()
        self._is_open = True
        self._downloads: dict[str, float] = {}
        self._preparations: dict[str, float] = {}
        self.journal: list[Event] = []
        self.listeners: list[Callable[[Event], None]] = []
        """Called with each event as it comes; must not wait for anything."""
        self.recent: deque[Event] = deque(maxlen=_MOST_KEPT)

    def announce(self, event: Event) -> None:
        """Tell all readers, and keep it for those who come later in the same start."""
        if threading.get_ident() == self._loop_thread:
            self._tell(event)
        else:
            self._loop.call_soon_threadsafe(self._tell, event)

    def begin(self) -> None:
        """A new start: what was told about the one before is history."""
        self.journal.clear()
        self._is_open = True

    def end(self) -> None:
        """The start is over: what comes from now on does not belong to it."""
        self._is_open = False

    @property
    def is_downloading(self) -> bool:
        """True while something arrives from the network, or is made once: an image, say."""
        now = time.monotonic()
        return any(now - at < _DOWNLOAD_SILENT_SECONDS for at in self._downloads.values()) or any(
            now - at < _LONGEST_PREPARATION_SECONDS for at in self._preparations.values()
        )

    def subscribe(self, *, replay: bool) -> Reader:
        """Give a reader that misses nothing from this moment on; with `replay` it gets the events of this start first."""
        reader = Reader(self._readers)
        if replay:
            for event in self.journal[-_MOST_WAITING:]:
                reader.put(event)
        return reader

    def _tell(self, event: Event) -> None:
        match event:
            case DownloadProgress(artifact=artifact):
                self._forget_progress(artifact)
                self._downloads[artifact] = time.monotonic()
            case DownloadFinished(artifact=artifact):
                self._downloads.pop(artifact, None)
            case _:
                self.recent.append(event)
        match event:
            case PreparationStarted(resource=resource):
                self._preparations[resource] = time.monotonic()
            case ResourceChanged(resource=resource):
                self._preparations.pop(resource, None)
        if self._is_open:
            self.journal.append(event)
        for listen in self.listeners:
            listen(event)
        for reader in tuple(self._readers):
            reader.put(event)

    def _forget_progress(self, artifact: str) -> None:
        self.journal = [event for event in self.journal if not (isinstance(event, DownloadProgress) and event.artifact == artifact)]
