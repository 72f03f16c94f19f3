"""Proof on disk of what is ours: processes, and what an engine runs by other means."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shop_sandbox import records


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A process that leads a group of its own number. pid and start time together name it for ever, a recycled pid does not
    match."""

    resource: str
    pid: int
    start_time: str
    ports: tuple[int, ...] = ()
    death_signal: int
    grace_seconds: float


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is no process of ours: a container, say. `sweeper` (`package.module:function`) takes `proof` and ends
    what that
    proves to be ours."""

    resource: str
    sweeper: str
    proof: dict[str, str]


class Contents(records.Record, kw_only=True):
    """What the file holds. `nonce` is in the environment of every process of that run."""

    version: int = 2
    nonce: str
    entries: dict[str, Entry] = msgspec.field(default_factory=dict)
    foreign: dict[str, Foreign] = msgspec.field(default_factory=dict)


class Ledger:
    """The ledger of this run. Every change is on disk when the method returns, by rename: a reader never sees half of it."""

    def __init__(self, path: Path, nonce: str) -> None:
        self._path = path
        self._contents = Contents(nonce=nonce)

    def add(self, entry: Entry) -> None:
        """Record a process. Raises SandboxError (DISK_FULL)."""
        self._contents.entries[entry.resource] = entry
        self._write()

    def add_foreign(self, entry: Foreign) -> None:
        """Record what an engine is about to start by its own means. Raises SandboxError (DISK_FULL)."""
        self._contents.foreign[entry.resource] = entry
        self._write()

    def remove(self, resource: str) -> None:
        """Strike out a process whose group is empty."""
        if self._contents.entries.pop(resource, None) is not None:
            self._write()

    def remove_foreign(self, resource: str) -> None:
        """Strike out something foreign that has ended."""
        if self._contents.foreign.pop(resource, None) is not None:
            self._write()

    def close(self) -> None:
        """Remove the file: nothing of this run is left."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        records.write(self._path, self._contents)


def read(path: Path) -> Contents | None:
    """Give the ledger that a run has left, or None where there is none. Raises records.Unreadable, and SandboxError
    (WRITTEN_BY_ANOTHER_VERSION): neither is an empty ledger."""
    return records.read(path, Contents)
