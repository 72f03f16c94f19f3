"""What the processes of a sandbox weigh, looked at now and then: reading it takes longer than everything else `status` does."""

from __future__ import annotations

import asyncio
import os
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


class MemoryWatch:
    """Remembers the newest weight of each process group, and the most that each resource has reached since the sandbox started."""

    def __init__(self, runs: Runs, *, spawner: int) -> None:
        self._runs = runs
        self._spawner = spawner
        self._bytes: dict[int, int] = {}
        self._supervision: int | None = None
        self.peaks: dict[str, int] = {}

    async def watch(self) -> None:
        """Look again and again, without end."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self._bytes.clear()
            self._supervision = None
            await self.weights()

    async def weights(self) -> Weights:
        """Return what is known, and look at what is not: a process that has just been started, say."""
        handles = {name: run.handle for name, run in self._runs.items() if run.handle is not None}
        groups = {name: handle.pid for name, handle in handles.items() if handle.pid is not None}
        unknown = [group for group in groups.values() if group not in self._bytes]
        if unknown:
            self._bytes |= await asyncio.to_thread(_weights_of, unknown)
        if self._supervision is None:
            self._supervision = await asyncio.to_thread(_weight_of_supervision, self._spawner, frozenset(groups.values()))
        elsewhere = {name: handle for name, handle in handles.items() if handle.pid is None}
        found = {name: self._bytes[group] for name, group in groups.items() if group in self._bytes}
        found |= await asyncio.to_thread(_told_by, elsewhere) if elsewhere else {}
        for name, size in found.items():
            self.peaks[name] = max(size, self.peaks.get(name, 0))
        return Weights(found, self._supervision)


def _weights_of(groups: Iterable[int]) -> dict[int, int]:
    return {group: _weight_of_all(members) for group, members in here.members_of_groups(groups).items()}


def _weight_of_all(pids: Iterable[int]) -> int:
    return sum(filter(None, (here.memory_bytes(pid) for pid in set(pids))))


def _told_by(handles: dict[str, Handle]) -> dict[str, int]:
    told = {name: handle.memory_bytes() for name, handle in handles.items()}
    return {name: size for name, size in told.items() if size is not None}


def _weight_of_supervision(spawner: int, groups: frozenset[int]) -> int:
    """Return the supervisor, the spawner, and the nursery: that child of the spawner which is no resource."""
    nursery = [pid for pid in here.children(spawner) if pid not in groups]
    return _weight_of_all([os.getpid(), spawner, *nursery])
