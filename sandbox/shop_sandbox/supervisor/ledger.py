"""Proof on disk of which processes are ours."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shop_sandbox.disk import write_atomically


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A process that leads a group of its own number. pid and start time together name it for ever, a recycled pid does not
    match."""

    resource: str
    pid: int
    start_time: str
    ports: tuple[int, ...] = ()
    death_signal: int
    grace_seconds: float


class Contents(msgspec.Struct, kw_only=True):
    """What the file holds. `nonce` is in the environment of every process of that run."""

    nonce: str
    entries: dict[str, Entry] = {}


class Ledger:
    """The ledger of this run. Every change is on disk when the method returns, by rename: a reader never sees half of it."""

    def __init__(self, path: Path, nonce: str) -> None:
        self._path = path
        self._contents = Contents(nonce=nonce)

    def add(self, entry: Entry) -> None:
        """Record a process. Raises SandboxError (DISK_FULL)."""
        self._contents.entries[entry.resource] = entry
        self._write()

    def remove(self, resource: str) -> None:
        """Strike out a process whose group is empty."""
        if self._contents.entries.pop(resource, None) is not None:
            self._write()

    def close(self) -> None:
        """Remove the file: nothing of this run is left."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        write_atomically(self._path, msgspec.json.encode(self._contents))


def read(path: Path) -> Contents | None:
    """Give the ledger that a run has left, or None. An unreadable one cannot prove anything and counts as none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Contents)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
