"""The table of what a sandbox consists of: each resource with its run, and which of them are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from shop_sandbox.engines.driver import Driver
from shop_sandbox.engines.handle import Exit
from shop_sandbox.resources.facts import Belongings
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.supervisor import graph
from shop_sandbox.supervisor.context import SandboxContext
from shop_sandbox.supervisor.resource_run import ResourceRun


class Runs(Mapping[str, ResourceRun]):
    """All runs by name. `wanted` are the names of those that somebody asked for, themselves or through others."""

    def __init__(self, resources: dict[str, Resource], drivers: Mapping[ResourceKind, Driver], context: SandboxContext) -> None:
        self.resources = resources
        self.wanted: set[str] = set()
        self.belongings: tuple[Belongings, ...] = ()
        """What the services have in the stores, as the manifests say that were taken over last."""
        self._context = context
        self._runs: dict[str, ResourceRun] = {}
        for resource in resources.values():
            self._runs[resource.name] = ResourceRun(resource, drivers[resource.kind], context, self)

    def __getitem__(self, name: str) -> ResourceRun:
        return self._runs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def of(self, names: Iterable[str]) -> list[ResourceRun]:
        """Return the runs of these names; one that is gone meanwhile is left out."""
        wanted = set(names)
        return [run for name, run in self._runs.items() if name in wanted]

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """Return the names and all they need or use; everything where no name is given. Raises SandboxError (RESOURCE_UNKNOWN)."""
        from shop_sandbox.resources.shop import closure

        return frozenset(closure(self.resources, names))

    @property
    def everything_is_wanted(self) -> bool:
        """True when nothing was left out of what was asked for."""
        return self.wanted >= self.resources.keys()

    def take_over(self, resource: Resource, driver: Driver) -> None:
        """Put a new description in the place of the old one, or add what was not there."""
        self.resources[resource.name] = resource
        if resource.name in self._runs:
            self._runs[resource.name].resource = resource
        else:
            self._runs[resource.name] = ResourceRun(resource, driver, self._context, self)

    async def remove(self, names: Iterable[str], *, reason: str) -> None:
        """Stop these, and forget them."""
        gone = set(names)
        await self.stop(gone, reason=reason)
        for name in gone:
            self._runs[name].close()
            del self.resources[name], self._runs[name]
        self.wanted -= gone

    async def stop(self, names: Iterable[str], *, reason: str | None = None) -> dict[str, Exit]:
        """Stop these in reverse order of the graph, what does not depend on each other at the same time. Gives how each ended that
        ran."""
        after = graph.stops_after(self.resources)
        stops: dict[str, asyncio.Task[Exit | None]] = {}

        async def stop(run: ResourceRun) -> Exit | None:
            await asyncio.sleep(0)  # until all tasks are there to be waited for
            waits_for = [stops[other] for other in after[run.name] if other in stops]
            if waits_for:
                await asyncio.gather(*waits_for)
            return await run.stop(reason=reason)

        for run in self.of(names):
            stops[run.name] = asyncio.create_task(stop(run))
        await asyncio.gather(*stops.values())
        return {name: ended for name, task in stops.items() if (ended := task.result()) is not None}
