"""What a change on disk calls for: code, inputs of tasks, and what services are."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Final

from shop_sandbox.errors import SandboxError
from shop_sandbox.events import CodeChanged, ProbeFailed
from shop_sandbox.logs import LogWriter
from shop_sandbox.supervisor import blueprint, ports, watching
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.processes import Child
from shop_sandbox.supervisor.settings import SupervisorSettings
from shop_sandbox.supervisor.start import Starts, Wish

_MOST_NAMED_FILES: Final = 20


class Reload:
    """Takes in changes once the first start is over."""

    def __init__(self, settings: SupervisorSettings, booted: Booted, starts: Starts) -> None:
        self._settings = settings
        self._paths = settings.paths
        self._context = booted.context
        self._runs = booted.runs
        self._starts = starts
        self._has_begun = False

    def begin(self) -> None:
        """Watch from now on; a second call does nothing."""
        if not self._has_begun:
            self._has_begun = True
            self._context.side_tasks.begin(self._watch())

    async def notice_manifests(self) -> frozenset[str]:
        """Take over manifests that came or went since the last look; gives those to start anew. Edited ones are noticed by
        watching;
        but nobody watches a folder that was not there.

        Raises SandboxError (MANIFEST_INVALID, PORT_TAKEN); everything runs on as it was then.
        """
        if not self._context.condition.has_started or self._is_pointless:
            return frozenset()
        plan = await asyncio.to_thread(blueprint.load, self._settings)
        if plan.resources.keys() == self._runs.resources.keys():
            return frozenset()
        return await self._compare_with_manifests()

    @property
    def _is_pointless(self) -> bool:
        return self._context.condition.is_stopping or self._context.condition.failure is not None

    async def _watch(self) -> None:
        while True:
            folders = watching.folders_to_watch(run.resource for run in self._runs.of(self._runs.wanted))
            if not folders:
                await self._context.changes.next()
                continue
            async with contextlib.aclosing(watching.changes(folders)) as changes:
                async for change in changes:
                    await self._take_in(change)
                    if watching.folders_to_watch(run.resource for run in self._runs.of(self._runs.wanted)) != folders:
                        break

    async def _take_in(self, change: watching.Change) -> None:
        """Start anew what the change concerns, and nothing else; when what services are has changed, compare that first."""
        if self._is_pointless:
            return
        concerned = {name for name in change.concerns(self._runs.resources) if name in self._runs.wanted}
        if change.is_flood or change.touches_manifest:
            try:
                concerned |= await self._compare_with_manifests()
            except SandboxError as error:
                self._context.condition.warnings["manifests"] = f"what runs is older than the manifests: {error.message}"
                self._context.announcements.announce(ProbeFailed(at=time.time(), resource="supervisor", reason=error.message))
                return
        if not concerned:
            return
        files = tuple(self._told(file) for file in change.files)
        self._context.announcements.announce(
            CodeChanged(at=time.time(), files=files[:_MOST_NAMED_FILES], resources=tuple(sorted(concerned)))
        )
        reason = f"{files[0]} changed" if len(files) == 1 else f"{files[0]} and {len(files) - 1} more changed"
        self._starts.decide(Wish(again=frozenset(concerned), reason=reason))

    def _told(self, file: Path) -> str:
        return str(file.relative_to(self._paths.checkout)) if file.is_relative_to(self._paths.checkout) else str(file)

    async def _compare_with_manifests(self) -> frozenset[str]:
        """Take over what the manifests say now: gone services stop, new ones join, and the names of those to start anew are given.

        Raises SandboxError (MANIFEST_INVALID, PORT_TAKEN); everything stays as it was then.
        """
        plan = await asyncio.to_thread(blueprint.load, self._settings)
        runs = self._runs
        keys = {key for resource in plan.resources.values() for key in resource.ports}
        ports.extend(
            self._context.ports, keys, remembered_in=self._paths.ports, overrides=self._settings.ports, seed=str(self._paths.root)
        )
        self._context.condition.warnings.pop("manifests", None)
        everything = runs.everything_is_wanted
        await runs.remove(runs.resources.keys() - plan.resources.keys(), reason="its manifest is gone")
        different = {name: resource for name, resource in plan.resources.items() if runs.resources.get(name) != resource}
        for name, resource in different.items():
            if everything and name not in runs:
                runs.wanted.add(name)
            runs.take_over(resource, plan.drivers[resource.kind])
        tasks = {name for name, resource in runs.resources.items() if resource.is_task}
        return frozenset((different.keys() | tasks) & runs.wanted)


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
