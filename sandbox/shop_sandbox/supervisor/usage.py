"""What the processes of a sandbox use, looked at now and then: reading it takes longer than everything else `status` does."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from shop_sandbox.engines.handle import Handle
from shop_sandbox.platform import here
from shop_sandbox.supervisor.runs import Runs

LOOK_EVERY_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Weights:
    """Bytes of proportional memory (PSS), by resource, and of the supervision itself. None older than `LOOK_EVERY_SECONDS`."""

    resources: dict[str, int] = field(default_factory=dict)
    supervision: int = 0


@dataclass
class Used:
    """The newest figure of each resource, and the most that each has reached since the sandbox started."""

    now: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)

    def take(self, name: str, value: float) -> None:
        """Remember a new figure."""
        self.now[name] = value
        self.peaks[name] = max(value, self.peaks.get(name, 0.0))


class UsageWatch:
    """Remembers what each process group uses. `memory` is in bytes (PSS), `cpus` in processors over the last look's time."""

    def __init__(self, runs: Runs, *, spawner: int) -> None:
        self._runs = runs
        self._spawner = spawner
        self._bytes: dict[int, int] = {}
        self._cpu_seconds: dict[int, tuple[float, float]] = {}
        self._supervision: int | None = None
        self.memory = Used()
        self.cpus = Used()

    async def watch(self) -> None:
        """Look again and again, without end."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self._bytes.clear()
            self._supervision = None
            await self.weights()
            await self.look_at_cpus()

    async def weights(self) -> Weights:
        """Return what is known, and look at what is not: a process that has just been started, say."""
        handles = {name: run.handle for name, run in self._runs.items() if run.handle is not None}
        groups = _groups(handles)
        unknown = [group for group in groups.values() if group not in self._bytes]
        if unknown:
            self._bytes |= await asyncio.to_thread(_weights_of, unknown)
        if self._supervision is None:
            self._supervision = await asyncio.to_thread(_weight_of_supervision, self._spawner, frozenset(groups.values()))
        elsewhere = {name: handle for name, handle in handles.items() if handle.pid is None}
        found = {name: self._bytes[group] for name, group in groups.items() if group in self._bytes}
        found |= await asyncio.to_thread(_told_by, elsewhere) if elsewhere else {}
        for name, size in found.items():
            self.memory.take(name, size)
        return Weights(found, self._supervision)

    async def look_at_cpus(self) -> None:
        """Compare the CPU time of each group with that of the last look."""
        groups = _groups({name: run.handle for name, run in self._runs.items() if run.handle is not None})
        before, at = self._cpu_seconds, time.monotonic()
        seconds = await asyncio.to_thread(_cpu_seconds_of, groups.values())
        self._cpu_seconds = {group: (spent, at) for group, spent in seconds.items()}
        self.cpus.now.clear()
        for name, group in groups.items():
            if group in before and group in seconds:
                spent, since = before[group]
                self.cpus.take(name, max(0.0, seconds[group] - spent) / (at - since))


def _groups(handles: dict[str, Handle]) -> dict[str, int]:
    return {name: handle.pid for name, handle in handles.items() if handle.pid is not None}


def _weights_of(groups: Iterable[int]) -> dict[int, int]:
    return {group: _weight_of_all(members) for group, members in here.members_of_groups(groups).items()}


def _weight_of_all(pids: Iterable[int]) -> int:
    return sum(filter(None, (here.memory_bytes(pid) for pid in set(pids))))


def _cpu_seconds_of(groups: Iterable[int]) -> dict[int, float]:
    return {
        group: sum(filter(None, (here.cpu_seconds(pid) for pid in members)))
        for group, members in here.members_of_groups(groups).items()
    }


def _told_by(handles: dict[str, Handle]) -> dict[str, int]:
    told = {name: handle.memory_bytes() for name, handle in handles.items()}
    return {name: size for name, size in told.items() if size is not None}


def _weight_of_supervision(spawner: int, groups: frozenset[int]) -> int:
    """Return the supervisor, the spawner, and the nursery: that child of the spawner which is no resource."""
    nursery = [pid for pid in here.children(spawner) if pid not in groups]
    return _weight_of_all([os.getpid(), spawner, *nursery])
