"""Watching the code: which files changed, and whose restart that calls for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shop_sandbox.resources.model import Resource

MOST_SINGLE_CHANGES: Final = 50
"""More files at once are no edit but a change of branch or a generator's run: then everything is compared once, when it is over."""
_QUIET_AFTER_FLOOD_SECONDS: Final = 0.4
_GROUPED_WITHIN_MS: Final = 200
_QUIET_MS: Final = 25
_MANIFEST: Final = "service.yaml"


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

    def concerns(self, resources: Mapping[str, Resource]) -> tuple[str, ...]:
        """Return names of the resources that watch a folder with one of the files in it."""
        return tuple(
            name
            for name, resource in resources.items()
            if any(file.is_relative_to(folder) for folder in resource.watched for file in self.files)
        )


def folders_to_watch(resources: Iterable[Resource]) -> frozenset[Path]:
    """Return the folders that are there, without those inside others."""
    wanted = {folder for resource in resources for folder in resource.watched if folder.is_dir()}
    return frozenset(folder for folder in wanted if not any(folder != other and folder.is_relative_to(other) for other in wanted))


async def changes(folders: frozenset[Path]) -> AsyncGenerator[Change, None]:
    """Give changes as they happen, a flood as one when it is over. Without end; the thread behind it ends with the iterator."""
    loop = asyncio.get_running_loop()
    found: asyncio.Queue[set[Path]] = asyncio.Queue()
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(folders, stop, loop, found), name="watcher", daemon=True)
    watcher.start()
    try:
        while True:
            files = await found.get()
            while not found.empty():
                files |= found.get_nowait()
            if len(files) > MOST_SINGLE_CHANGES:
                with contextlib.suppress(TimeoutError):
                    while True:
                        files |= await asyncio.wait_for(found.get(), _QUIET_AFTER_FLOOD_SECONDS)
            yield Change(tuple(sorted(files)))
    finally:
        stop.set()


def _watch(
    folders: frozenset[Path], stop: threading.Event, loop: asyncio.AbstractEventLoop, found: asyncio.Queue[set[Path]]
) -> None:
    import watchfiles  # not before everything is ready: it costs 60 ms

    for batch in watchfiles.watch(
        *folders, debounce=_GROUPED_WITHIN_MS, step=_QUIET_MS, stop_event=stop, rust_timeout=1000, raise_interrupt=False
    ):
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(found.put_nowait, {Path(path) for _, path in batch})
