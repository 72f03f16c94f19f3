"""What lies in the user's cache, for `shop-dev cache`: how much, since when unused, and what may go.

Everything in it can be made or fetched again. Each thing is a folder of its own whose time of change says when a sandbox last
started with it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shop_sandbox.downloads.lock import GROUPS, locked
from shop_sandbox.paths import CachePaths

_KINDS = {
    "java": "Java runtime",
    "kafka-aot": "Kafka's AOT cache",
    "kafka-formatted": "Kafka's formatted directory",
    "postgres": "PostgreSQL's template",
    "redis": "Redis server",
    "bytecode": "bytecode of packages",
    "uv": "uv, for new checkouts",
}
_SCRATCH_SECONDS = 24 * 3600.0


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the cache. `last_used` is in seconds since the epoch."""

    what: str
    path: str
    bytes: int
    last_used: float


def kept(cache: CachePaths) -> tuple[Kept, ...]:
    """Return everything in the cache, the largest first."""
    found = (*_derived(cache), *_archives(cache), *_bytecode_of_sources(cache))
    return tuple(sorted(found, key=lambda one: -one.bytes))


def prune(cache: CachePaths, *, unused_seconds: float, now: float | None = None) -> tuple[Kept, ...]:
    """Remove what no sandbox has started with for so long, and give it. What a running process was started from stays."""
    now = time.time() if now is None else now
    running = _command_lines()
    gone = tuple(
        one
        for one in kept(cache)
        if now - one.last_used >= unused_seconds and not any(one.path in words for words in running) and not _is_needed(one, cache)
    )
    for one in gone:
        _remove(Path(one.path))
    for scratch in cache.derived.glob("*.scratch"):
        if now - scratch.stat().st_mtime >= _SCRATCH_SECONDS:
            shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
    return gone


def _derived(cache: CachePaths) -> Iterator[Kept]:
    for folder in cache.derived.glob("*-*"):
        kind = folder.name.rpartition("-")[0]
        if folder.is_dir() and kind in _KINDS:
            yield _kept(_KINDS[kind], folder)


def _archives(cache: CachePaths) -> Iterator[Kept]:
    for jar in cache.downloads.rglob("*.jar"):
        yield Kept(what="archive", path=str(jar), bytes=jar.stat().st_size, last_used=jar.stat().st_mtime)


def _bytecode_of_sources(cache: CachePaths) -> Iterator[Kept]:
    """Give the bytecode of each source folder that is not there any more, and that of all others together."""
    there, last_used = 0, 0.0
    for folder in _leaves(cache.bytecode):
        one = _kept("bytecode of a checkout that is gone", folder)
        if Path("/", folder.relative_to(cache.bytecode)).is_dir():
            there, last_used = there + one.bytes, max(last_used, one.last_used)
        else:
            yield msgspec.structs.replace(one, last_used=0.0)
    if there:
        yield Kept(what="bytecode of checkouts", path=str(cache.bytecode), bytes=there, last_used=last_used)


def _leaves(folder: Path) -> Iterator[Path]:
    """Give the topmost folders that hold bytecode, or whose source is gone."""
    for inner in folder.iterdir() if folder.is_dir() else ():
        if inner.is_symlink() or not inner.is_dir():
            continue
        if any(inner.glob("*.pyc")):
            yield inner
        else:
            yield from _leaves(inner)


def _is_needed(one: Kept, cache: CachePaths) -> bool:
    """Archives that this version pins are what makes a start without a network."""
    pinned = {cache.downloads / jar.path for group in GROUPS for jar in locked(group).jars}
    return Path(one.path) in pinned


def _kept(what: str, folder: Path) -> Kept:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return Kept(what=what, path=str(folder), bytes=size, last_used=folder.stat().st_mtime)


def _command_lines() -> list[str]:
    import psutil

    return [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
