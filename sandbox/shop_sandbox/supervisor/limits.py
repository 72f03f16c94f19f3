"""Who keeps the limits of resources: the kernel where it can, else the supervisor by looking. Of CPU time only the kernel can."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shop_sandbox.platform import here
from shop_sandbox.platform.cgroups import Delegated, delegated
from shop_sandbox.supervisor.resource_run import ResourceRun

LOOK_EVERY_SECONDS: Final = 0.5
OVER_SO_OFTEN: Final = 2
"""Looks in a row: memory that is given back at once, as while a file is read, harms nobody."""


@dataclass(frozen=True)
class Keeping:
    """Who keeps which limits. `group` is the control group that is ours to divide, where there is one."""

    group: Delegated | None

    @property
    def memory(self) -> str:
        """`kernel` or `supervisor`."""
        return "kernel" if self._can("memory") else "supervisor"

    @property
    def cpus(self) -> str | None:
        """`kernel`, or None: nobody."""
        return "kernel" if self._can("cpu") else None

    def _can(self, controller: str) -> bool:
        return self.group is not None and controller in self.group.controllers


def keeping() -> Keeping:
    """Find out who keeps limits here."""
    return Keeping(delegated())


class MemoryLimits:
    """Ends what is over its limit of memory where the kernel does not: it is started again as after a death of its own."""

    def __init__(self, runs: Mapping[str, ResourceRun]) -> None:
        self._runs = runs
        self._over: dict[str, int] = {}

    async def watch(self) -> None:
        """Look again and again, without end."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            for run in tuple(self._runs.values()):
                if run.resource.limits.memory_bytes is not None:
                    await self._look_at(run, run.resource.limits.memory_bytes)

    async def _look_at(self, run: ResourceRun, limit: int) -> None:
        handle = run.handle
        if handle is None or handle.ended.done():
            self._over.pop(run.name, None)
            return
        group = handle.pid
        size = await asyncio.to_thread(_weight, group) if group is not None else await asyncio.to_thread(handle.memory_bytes)
        self._over[run.name] = self._over.get(run.name, 0) + 1 if size is not None and size > limit else 0
        if size is not None and self._over[run.name] >= OVER_SO_OFTEN and run.handle is handle:
            self._over.pop(run.name)
            await run.end_for(f"used {_mebibytes(size)} of memory, more than its {_mebibytes(limit)}")


def _weight(group: int) -> int:
    return sum(filter(None, (here.memory_bytes(pid) for pid in here.group_members(group))))


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
