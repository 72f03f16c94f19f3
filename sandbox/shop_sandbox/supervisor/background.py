"""Work worth doing once everything is ready and idle."""

from __future__ import annotations

import asyncio

from shop_sandbox.logs import LogWriter
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.processes import Child


class BackgroundWork:
    """What drivers want done once everything is ready and idle, one after the other, at the lowest priority.

    Nobody waits for it; a failure is in its log.
    """

    def __init__(self, booted: Booted) -> None:
        self._context = booted.context
        self._runs = booted.runs
        self._has_begun = False
        self._child: Child | None = None

    def begin(self) -> None:
        """Begin with it; a second call does nothing."""
        if not self._has_begun:
            self._has_begun = True
            self._context.side_tasks.begin(self._work())

    async def end(self) -> None:
        """End what is being done."""
        if self._child is not None:
            await self._child.kill()

    async def _work(self) -> None:
        for run in [self._runs[name] for name in sorted(self._runs.wanted)]:
            launch = await asyncio.to_thread(run.driver.background, run.resource, self._context.run)
            if launch is None:
                continue
            name = f"{run.name}.background"
            log = LogWriter(self._context.run.paths.log(name))
            try:
                self._child = await self._context.processes.start(name, launch, log, ports=(), listener=None, low_priority=True)
                await asyncio.shield(self._child.ended)
            finally:
                log.finish()
