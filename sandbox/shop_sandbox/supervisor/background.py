"""Work worth doing once everything is ready and idle."""

from __future__ import annotations

import asyncio

from shop_sandbox.engines.handle import Handle
from shop_sandbox.logs import LogWriter
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.host import SupervisorHost, bring_to_life


class BackgroundWork:
    """What drivers want done once everything is ready and idle, one after the other, at the lowest priority.

    Nobody waits for it; a failure is in its log.
    """

    def __init__(self, booted: Booted) -> None:
        self._context = booted.context
        self._runs = booted.runs
        self._has_begun = False
        self._handle: Handle | None = None

    def begin(self) -> None:
        """Begin with it; a second call does nothing."""
        if not self._has_begun:
            self._has_begun = True
            self._context.side_tasks.begin(self._work())

    async def end(self) -> None:
        """End what is being done."""
        if self._handle is not None:
            await self._handle.kill()

    async def _work(self) -> None:
        for run in [self._runs[name] for name in sorted(self._runs.wanted)]:
            launch = await asyncio.to_thread(run.driver.background, run.resource, self._context.run)
            if launch is None:
                continue
            name = f"{run.name}.background"
            log = LogWriter(self._context.run.paths.log(name))
            try:
                host = SupervisorHost(name, (), log, self._context.processes, self._context.ports, low_priority=True)
                self._handle = await bring_to_life(launch, host)
                await asyncio.shield(self._handle.ended)
            finally:
                log.finish()
