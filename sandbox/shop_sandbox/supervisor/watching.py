"""Watching the code: which files changed, and whose restart that calls for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shop_sandbox.resources.model import Resource
from shop_sandbox.supervisor.ignoring import Ignored

MOST_SINGLE_CHANGES: Final = 50
"""More files at once are no edit but a change of branch or a generator's run: then everything is compared once, when it is over."""
_QUIET_AFTER_FLOOD_SECONDS: Final = 0.4
_GROUPED_WITHIN_MS: Final = 200
_QUIET_MS: Final = 25
_POLL_MS: Final = 1000
_MANIFEST: Final = "service.yaml"
_NEVER_ENTERED: Final = frozenset({".git", "__pycache__", "node_modules", ".venv", ".shop-dev", "target", "obj"})


class WatchFailed(Exception):
    """The system does not tell of changes any more. The text says why."""


@dataclass(frozen=True)
class Change:
    """Files that changed together. `is_flood` when there were too many to look at each; `touches_manifest` when a service.yaml is
    among them."""

    files: tuple[Path, ...]

    @property
    def is_flood(self) -> bool:
        """True for more files than an edit touches."""
        return len(self.files) > MOST_SINGLE_CHANGES

    @property
    def touches_manifest(self) -> bool:
        """True when what a service is has changed, not only its code."""
        return any(file.name == _MANIFEST for file in self.files)

    def concerns(self, resources: Mapping[str, Resource], ignored: Ignored) -> dict[str, tuple[Path, ...]]:
        """Return the resources that watch some of the files, each with those."""
        found = {name: tuple(_watched_by(resource, self.files, ignored)) for name, resource in resources.items()}
        return {name: files for name, files in found.items() if files}


def _watched_by(resource: Resource, files: Iterable[Path], ignored: Ignored) -> Iterator[Path]:
    for file in files:
        for watched in resource.watched:
            if file.is_relative_to(watched) and not ignored.covers(file, watched=watched, further=resource.ignored):
                yield file
                break


def folders_to_watch(resources: Iterable[Resource]) -> frozenset[Path]:
    """Return the folders that are there, without those inside others; for a watched file, its folder."""
    named = {path for resource in resources for path in resource.watched}
    wanted = {path if path.is_dir() else path.parent for path in named if path.exists()}
    return frozenset(folder for folder in wanted if not any(folder != other and folder.is_relative_to(other) for other in wanted))


def changed_since(folders: Iterable[Path], moment: float) -> Iterator[Path]:
    """Give files that were written after `moment` (seconds since the epoch): what nobody told of while nobody watched."""
    for folder in folders:
        for root, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if name not in _NEVER_ENTERED]
            for name in names:
                file = Path(root, name)
                with contextlib.suppress(OSError):
                    if file.stat().st_mtime > moment:
                        yield file


Tell = Callable[[set[Path]], None]
Watch = Callable[[frozenset[Path], float, threading.Event, Tell], None]
"""Tells of changes below folders until the event is set, those since a moment before it began included; raises when it no longer
can."""


async def changes(folders: frozenset[Path], watch: Watch, *, since: float) -> AsyncGenerator[Change, None]:
    """Give changes as they happen, a flood as one when it is over. Without end; the thread behind it ends with the iterator.

    Raises WatchFailed when `watch` has ended.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Queue[set[Path] | WatchFailed] = asyncio.Queue()
    stop = threading.Event()

    def tell(news: set[Path] | WatchFailed) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(found.put_nowait, news)

    def run() -> None:
        try:
            watch(folders, since, stop, tell)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever ends it, the supervisor hears of it
            tell(WatchFailed(str(error) or type(error).__name__))

    threading.Thread(target=run, name="watcher", daemon=True).start()
    try:
        while True:
            files = _files(await found.get())
            while not found.empty():
                files |= _files(found.get_nowait())
            if len(files) > MOST_SINGLE_CHANGES:
                with contextlib.suppress(TimeoutError):
                    while True:
                        files |= _files(await asyncio.wait_for(found.get(), _QUIET_AFTER_FLOOD_SECONDS))
            if files:
                yield Change(tuple(sorted(files)))
    finally:
        stop.set()


def _files(news: set[Path] | WatchFailed) -> set[Path]:
    if isinstance(news, WatchFailed):
        raise news
    return news


def told_by_the_system(folders: frozenset[Path], since: float, stop: threading.Event, tell: Tell) -> None:
    """Have the kernel tell of changes (inotify, FSEvents)."""
    _watch(folders, since, stop, tell, polling=False)


def by_looking(folders: frozenset[Path], since: float, stop: threading.Event, tell: Tell) -> None:
    """Look every second: where the kernel's limit of watches is reached, or the file system tells nothing."""
    _watch(folders, since, stop, tell, polling=True)


def _watch(folders: frozenset[Path], since: float, stop: threading.Event, tell: Tell, *, polling: bool) -> None:
    import watchfiles  # not before everything is ready: it costs 60 ms

    watches = False
    for batch in watchfiles.watch(
        *folders,
        debounce=_GROUPED_WITHIN_MS,
        step=_QUIET_MS,
        stop_event=stop,
        rust_timeout=1000,
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=polling,
        poll_delay_ms=_POLL_MS,
    ):
        if not watches:  # only from now on is everything told
            watches = True
            tell(set(changed_since(folders, since)))
        if batch:
            tell({Path(path) for _, path in batch})
