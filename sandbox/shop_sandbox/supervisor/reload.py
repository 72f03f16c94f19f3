"""What a change on disk calls for: code, inputs of tasks, and what services are."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from shop_sandbox import checked_out
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import CodeChanged, ProbeFailed, ResourceState
from shop_sandbox.supervisor import blueprint, ports, watching
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.ignoring import Ignored, is_kept_by_git
from shop_sandbox.supervisor.own_output import OwnOutput
from shop_sandbox.supervisor.settings import Guest, SupervisorSettings
from shop_sandbox.supervisor.start import Starts, Wish
from shop_sandbox.supervisor.watching import Change, Watch, WatchFailed

_MOST_NAMED_FILES: Final = 20
_WATCH_AGAIN_SECONDS: Final = 10.0
_GIT_WORKS_SECONDS: Final = 30.0
_GIT_LOOK_SECONDS: Final = 0.05


class Reload:
    """Takes in changes once the first start is over."""

    def __init__(self, settings: SupervisorSettings, booted: Booted, starts: Starts) -> None:
        self._settings = settings
        self._paths = settings.paths
        self._context = booted.context
        self._runs = booted.runs
        self._starts = starts
        self._has_begun = False
        self._began = time.time()
        self._ignored = Ignored(settings.paths.checkout)
        self._own_output: defaultdict[str, OwnOutput] = defaultdict(lambda: OwnOutput(is_kept_by_git))
        self._delayed: frozenset[str] = frozenset()
        self._one_at_a_time = asyncio.Lock()

    def begin(self) -> None:
        """Watch from now on; a second call does nothing."""
        if not self._has_begun:
            self._has_begun = True
            self._context.side_tasks.begin(self._watch())

    def forget_outputs(self, names: Iterable[str]) -> None:
        """Somebody asked for a start of these: watch all of theirs again."""
        for name in names:
            self._own_output.pop(name, None)
            self._context.condition.warnings.pop(f"output of {name}", None)

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
    def settings(self) -> SupervisorSettings:
        """What the sandbox depends on now: guests come and go."""
        return self._settings

    async def with_guests(self, guests: Iterable[Guest], *, reason: str) -> frozenset[str]:
        """Run the services of these guests beside the checkout's own; gives those to start anew. What stops, stops for `reason`.

        Raises SandboxError (MANIFEST_INVALID, PORT_TAKEN); everything and everybody stays as it was then.
        """
        async with self._one_at_a_time:
            before = self._settings
            self._settings = msgspec.structs.replace(before, guests=list(guests))
            try:
                return await self._compare_with_manifests(reason=reason, wants_what_is_new=False)
            except SandboxError:
                self._settings = before
                raise

    def forget_guest(self, checkout: str) -> None:
        """Leave out a guest from the next comparison on."""
        self._settings = msgspec.structs.replace(
            self._settings, guests=[guest for guest in self._settings.guests if guest.checkout != checkout]
        )

    @property
    def _is_pointless(self) -> bool:
        return self._context.condition.is_stopping or self._context.condition.failure is not None

    async def _watch(self) -> None:
        since = self._began
        watch: Watch = watching.told_by_the_system
        while True:
            folders = self._folders()
            if not folders:
                await self._context.changes.next()
                continue
            try:
                async with contextlib.aclosing(watching.changes(folders, watch, since=since)) as changes:
                    async for change in changes:
                        since = time.time()
                        await self._take_in(change)
                        if self._folders() != folders:
                            break
            except WatchFailed as error:
                watch = await self._watch_otherwise(watch, error)

    def _folders(self) -> frozenset[Path]:
        return watching.folders_to_watch(run.resource for run in self._runs.of(self._runs.wanted))

    async def _watch_otherwise(self, watch: Watch, error: WatchFailed) -> Watch:
        """Say that watching has ended, and give the way to go on: by looking now and then, which needs nothing of the system."""
        also_fails = watch is watching.by_looking
        how = f"tried again in {_WATCH_AGAIN_SECONDS:g} s" if also_fails else "the folders are looked through every second instead"
        reason = f"the system does not tell of changed files any more ({error}); {how}"
        self._context.condition.warnings["watching"] = reason
        self._context.announcements.announce(ProbeFailed(at=time.time(), resource="supervisor", reason=reason))
        if also_fails:
            await asyncio.sleep(_WATCH_AGAIN_SECONDS)
        return watching.by_looking

    async def _take_in(self, change: Change) -> None:
        """Start anew what the change concerns, and nothing else; when what services are has changed, compare that first."""
        if self._is_pointless or await self._is_of_another_branch():
            return
        concerned = {name: files for name, files in self._concerned(change).items() if self._edits(name, files)}
        again = frozenset(concerned)
        if change.is_flood or change.touches_manifest:
            try:
                again |= await self._compare_with_manifests()
            except SandboxError as error:
                self._context.condition.warnings["manifests"] = f"what runs is older than the manifests: {error.message}"
                self._context.announcements.announce(ProbeFailed(at=time.time(), resource="supervisor", reason=error.message))
                return
        files = tuple(sorted({self._told(file) for found in concerned.values() for file in found} or map(self._told, change.files)))
        delay = max((self._own_output[name].delay_seconds for name in concerned), default=0.0)
        if delay:
            self._context.side_tasks.begin(self._start_again_later(again, files, delay))
        elif again:
            self._start_again(again, files)

    async def _is_of_another_branch(self) -> bool:
        """Return whether what changed is code of another branch than the one whose state this is; says so while it is."""
        own, checkout = self._settings.branch, self._paths.checkout
        if own is None:
            return False
        deadline = time.monotonic() + _GIT_WORKS_SECONDS
        while checked_out.is_under_way(checkout) and time.monotonic() < deadline:  # noqa: ASYNC110 - git tells nobody
            await asyncio.sleep(_GIT_LOOK_SECONDS)
        await asyncio.sleep(_GIT_LOOK_SECONDS)  # it writes HEAD behind its index
        now = checked_out.branch_of(checkout)
        if now == own:
            self._context.condition.warnings.pop("branch", None)
            return False
        self._context.condition.warnings["branch"] = (
            f"this is the state of branch {own}, and {now or 'no branch'} is checked out: edits are not taken in"
        )
        return True

    def _concerned(self, change: Change) -> dict[str, tuple[Path, ...]]:
        found = change.concerns(self._runs.resources, self._ignored)
        return {name: files for name, files in found.items() if name in self._runs.wanted and self._runs[name].instead is None}

    def _edits(self, name: str, files: tuple[Path, ...]) -> tuple[Path, ...]:
        """Leave out what the resource writes itself while it starts."""
        run, output = self._runs[name], self._own_output[name]
        known = len(output.files)
        edits = output.notice(files, while_starting=run.state is ResourceState.STARTING and run.handle is not None)
        if len(output.files) > known:
            written = ", ".join(sorted(self._told(file) for file in output.files))
            self._context.condition.warnings[f"output of {name}"] = (
                f"{name} writes {written} while it starts, so these are not watched for it any more: name them in `ignore`"
            )
        return edits

    async def _start_again_later(self, again: frozenset[str], files: tuple[str, ...], seconds: float) -> None:
        """Let a start go on for a while: it has been interrupted again and again, perhaps by what it writes itself."""
        if again & self._delayed:
            return
        self._delayed |= again
        await asyncio.sleep(seconds)
        self._delayed -= again
        if not self._is_pointless:
            self._start_again(again & self._runs.resources.keys(), files)

    def _start_again(self, again: frozenset[str], files: tuple[str, ...]) -> None:
        self._context.announcements.announce(
            CodeChanged(at=time.time(), files=files[:_MOST_NAMED_FILES], resources=tuple(sorted(again)))
        )
        reason = f"{files[0]} changed" if len(files) == 1 else f"{files[0]} and {len(files) - 1} more changed"
        self._starts.decide(Wish(again=again, reason=reason))

    def _told(self, file: Path) -> str:
        return str(file.relative_to(self._paths.checkout)) if file.is_relative_to(self._paths.checkout) else str(file)

    async def _compare_with_manifests(
        self, *, reason: str = "its manifest is gone", wants_what_is_new: bool = True
    ) -> frozenset[str]:
        """Take over what the manifests say now: gone services stop, new ones join, and the names of those to start anew are given.

        Raises SandboxError (MANIFEST_INVALID, PORT_TAKEN); everything stays as it was then.
        """
        plan = await asyncio.to_thread(blueprint.load, self._settings)
        runs, fixed = self._runs, self._settings.all_ports
        keys = {key for resource in plan.resources.values() for key in resource.ports}
        ports.extend(self._context.ports, keys, remembered_in=self._paths.ports, overrides=fixed, seed=str(self._paths.root))
        self._context.condition.warnings.pop("manifests", None)
        runs.belongings = plan.belongings
        everything = wants_what_is_new and runs.everything_is_wanted
        await runs.remove(runs.resources.keys() - plan.resources.keys(), reason=reason)
        different = {name: resource for name, resource in plan.resources.items() if runs.resources.get(name) != resource}
        for name, resource in different.items():
            if everything and name not in runs:
                runs.wanted.add(name)
            runs.take_over(resource, plan.drivers[resource.kind])
        tasks = {name for name, resource in runs.resources.items() if resource.is_task}
        return frozenset((different.keys() | tasks) & runs.wanted)
