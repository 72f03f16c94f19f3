"""The sandbox as a whole: what should run, and the way there and back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import traceback
from collections.abc import AsyncGenerator, Coroutine, Iterable

from shop_sandbox.disk import FULL, disk_full
from shop_sandbox.endpoints import Endpoints
from shop_sandbox.engines.driver import RunContext
from shop_sandbox.environment import sandbox_environment
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import (
    CodeChanged,
    Event,
    ProbeFailed,
    ResourceChanged,
    ResourceState,
    SandboxFailed,
    SandboxReady,
    SandboxStopped,
)
from shop_sandbox.logs import LogWriter
from shop_sandbox.ownership import last_owner
from shop_sandbox.platform import here
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.state import DataIdentity, emulator_lost, remove_all, remove_data
from shop_sandbox.supervisor import blueprint, graph, history, ports, watching
from shop_sandbox.supervisor.announcements import Announcements
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE, Connections
from shop_sandbox.supervisor.ledger import Ledger
from shop_sandbox.supervisor.processes import Child, Exit, Processes
from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxState, SandboxStatus
from shop_sandbox.supervisor.resource_run import AT_REST, SETTLED, Changes, House, ResourceRun
from shop_sandbox.supervisor.settings import SupervisorSettings
from shop_sandbox.supervisor.sweep import sweep

_ORDERLY_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
_MOST_NAMED_FILES = 20


class Sandbox:
    """Owns every child of one sandbox. All methods belong to one event loop."""

    def __init__(self, settings: SupervisorSettings, connections: Connections, *, nonce: str, began: float) -> None:
        self._settings = settings
        self._paths = settings.paths
        self._connections = connections
        self._nonce = nonce
        self._predecessor = last_owner(settings.paths)  # before a record of our own takes its place
        self._began_at = time.time()
        self._asked_at = began
        self._announcements = Announcements(asyncio.get_running_loop())
        self._changes = Changes()
        self._hurry = asyncio.Event()
        self._resources: dict[str, Resource] = {}
        self._runs: dict[str, ResourceRun] = {}
        self._house: House | None = None
        self._wanted: set[str] = set()
        self._started_now: set[str] = set()
        self._starting: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._side_tasks: set[asyncio.Task[None]] = set()
        self._ever_ready = False
        self._failure: SandboxFailed | None = None
        self._manifest_trouble: str | None = None
        self._purge = False
        self._watching = False
        self._background: Child | None = None
        self.stopped = asyncio.Event()
        self._boot = asyncio.create_task(self._boot_or_say_why())

    # --- what clients ask for -------------------------------------------------------------------------------------------------

    async def up(self, names: tuple[str, ...]) -> AsyncGenerator[Event, None]:
        """Start these and what they need; gives this start's events, the last is SandboxReady or SandboxFailed."""
        try:
            await asyncio.shield(self._boot)
            await self._notice_services_that_came_or_went()
            self._decide(names)
        except SandboxError as error:
            if not self._wanted:  # else the journal is that of an earlier start, and ends with its success
                for event in self._announcements.journal:
                    yield event
                await self.stop()
            yield failed(error)
            return
        with self._announcements.subscribe(replay=True) as events:
            async for event in events:
                yield event
                if isinstance(event, SandboxReady | SandboxFailed):
                    return

    async def follow(self) -> AsyncGenerator[Event, None]:
        """Give the state of each resource, then events as they come, until the sandbox has stopped."""
        with self._announcements.subscribe(replay=False) as events:
            for run in self._runs.values():
                yield run.as_event()
            async for event in events:
                yield event
                if isinstance(event, SandboxStopped):
                    return

    async def restart(self, name: str) -> AsyncGenerator[Event, None]:
        """Restart one resource; gives its events until it is ready or has failed. Raises SandboxError (RESOURCE_UNKNOWN)."""
        await asyncio.shield(self._boot)
        run = self._runs[next(iter(self._closure((name,), only_named=True)))]
        if self._failure is not None and self._failure.code == ErrorCode.EMULATOR_STATE_LOST:
            raise SandboxError(ErrorCode.EMULATOR_STATE_LOST, self._failure.message, actions=self._failure.actions)
        self._wanted.add(name)
        with self._announcements.subscribe(replay=False) as events:
            self._aside(self._restart((run,), "restart was asked for"))
            async for event in events:
                if getattr(event, "resource", None) == name:
                    yield event
                over = (
                    isinstance(event, ResourceChanged)
                    and event.resource == name
                    and event.state in SETTLED | {ResourceState.FAILED}
                )
                if over or isinstance(event, SandboxStopped):
                    return

    async def down(self, *, purge: bool, force: bool) -> AsyncGenerator[Event, None]:
        """Stop everything; gives events up to SandboxStopped."""
        self._purge = self._purge or purge
        if force:
            self._hurry.set()
        with self._announcements.subscribe(replay=False) as events:
            self._begin_to_stop()
            async for event in events:
                yield event
                if isinstance(event, SandboxStopped):
                    return

    async def stop(self) -> None:
        """Stop everything; returns when no process is left."""
        await asyncio.shield(self._begin_to_stop())

    async def status(self) -> SandboxStatus:
        """Return everything as it is now, memory included."""
        with contextlib.suppress(SandboxError):
            await asyncio.shield(self._boot)
        groups = {name: run.child.pid for name, run in self._runs.items() if run.child is not None}
        memory = await asyncio.to_thread(_memory_of_groups, groups)
        own = await asyncio.to_thread(_memory_of_supervision, self._connections.spawner_pid, frozenset(groups.values()))
        endpoints = {name: run.endpoint for name, run in self._runs.items() if run.endpoint is not None and name in self._wanted}
        return SandboxStatus(
            name=self._settings.name,
            checkout=self._settings.checkout,
            state=self.state,
            supervisor_pid=os.getpid(),
            started_at=self._began_at,
            generation=self._house.identity.generation if self._house is not None else 0,
            endpoints=endpoints,
            ports=dict(self._house.ports.numbers) if self._house is not None else {},
            environment=dict(self._house.context.environment) if self._house is not None else {},
            resources=tuple(self._resource_status(run, memory.get(name)) for name, run in self._runs.items()),
            failure=self._failure,
            warnings=tuple(filter(None, (self._manifest_trouble, *(run.log_trouble for run in self._runs.values())))),
            supervisor_pss_bytes=own,
            total_pss_bytes=own + sum(filter(None, memory.values())),
        )

    @property
    def state(self) -> SandboxState:
        """The sandbox in one word."""
        if self._stopping is not None:
            return SandboxState.STOPPING
        if self._failure is not None:
            return SandboxState.FAILED
        if self._starting is not None and not self._starting.done():
            return SandboxState.STARTING
        if not self._wanted:
            return SandboxState.STARTING
        healthy = all(self._runs[name].state in SETTLED for name in self._wanted)
        return SandboxState.READY if healthy else SandboxState.DEGRADED

    # --- coming to life -------------------------------------------------------------------------------------------------------

    async def _boot_or_say_why(self) -> None:
        try:
            await self._come_to_life()
        except SandboxError:
            raise
        except Exception as error:  # the edge of the boot: whatever it is, the client hears of it and the supervisor ends
            traceback.print_exc()  # into the supervisor's own log
            if isinstance(error, OSError) and error.errno in FULL:
                raise disk_full(self._paths.root) from error
            raise SandboxError(
                ErrorCode.SUPERVISOR_UNREACHABLE,
                f"the supervisor cannot prepare sandbox {self._settings.name}: {type(error).__name__}: {error}",
                actions=(f"read {self._paths.log('supervisor')}",),
                detail={"logPath": str(self._paths.log("supervisor"))},
            ) from error

    async def _come_to_life(self) -> None:
        """Everything before the first process: manifests, what a dead sandbox left, ports, the identity of the data."""
        settings, paths = self._settings, self._paths
        paths.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        plan = asyncio.create_task(asyncio.to_thread(blueprint.load, settings))
        try:
            for swept in await asyncio.to_thread(lambda: list(sweep(paths, self._predecessor))):
                self._announcements.announce(swept)
        finally:
            loaded = await plan
        if settings.reset:
            await asyncio.to_thread(remove_data, paths)
        self._resources = dict(loaded.resources)
        keys = [key for resource in self._resources.values() for key in resource.ports]
        held = ports.claim(keys, remembered_in=paths.ports, overrides=settings.ports, seed=str(paths.root))
        endpoints = Endpoints(held.numbers)
        stores = frozenset(
            name for name, resource in self._resources.items() if hasattr(loaded.drivers[resource.kind], "read_stamp")
        )
        self._house = House(
            context=RunContext(
                paths=paths,
                cache=settings.cache,
                endpoints=endpoints,
                resources=self._resources,
                environment=sandbox_environment(endpoints),
                inherited={**settings.inherited, NONCE_VARIABLE: self._nonce},
                shell=settings.shell,
                announce=self._announcements.announce,
            ),
            processes=Processes(self._connections, Ledger(paths.ledger, self._nonce), self._nonce),
            ports=held,
            identity=DataIdentity.open(paths, known_stores=stores),
            announce=self._announcements.announce,
            changes=self._changes,
            died=self._died,
            hurry=self._hurry,
        )
        for name, resource in self._resources.items():
            self._runs[name] = ResourceRun(resource, loaded.drivers[resource.kind], self._house, self._runs)
        self._aside(self._watch_the_spawner(self._house.processes))

    def _closure(self, names: Iterable[str], *, only_named: bool = False) -> dict[str, Resource]:
        from shop_sandbox.resources.shop import closure

        names = tuple(names)
        chosen = closure(self._resources, names)
        return {name: resource for name, resource in chosen.items() if name in names} if only_named else chosen

    def _decide(self, names: tuple[str, ...]) -> None:
        """Begin a start of what is not running yet, or widen the start that is under way."""
        chosen = self._closure(names)
        if self._stopping is not None:
            raise SandboxError(
                ErrorCode.INTERRUPTED, "the sandbox is being stopped", actions=("run `shop-dev up` again",), retryable=True
            )
        if self._failure is not None:
            return  # told, or about to be
        resting = {name for name in chosen if self._runs[name].state in AT_REST and not self._runs[name].is_alive}
        under_way = self._starting is not None and not self._starting.done()
        all_well = self._ever_ready and all(self._runs[name].state in SETTLED for name in chosen)
        if all_well and not under_way:
            return
        if not under_way:
            self._begin_start()
        self._wanted |= set(chosen)
        self._started_now |= resting
        for name in resting:
            self._runs[name].start()

    def _begin_start(self) -> None:
        if self._ever_ready:
            self._asked_at = time.monotonic()
            self._announcements.begin()
            for run in self._runs.values():
                if run.is_alive:
                    self._announcements.announce(run.as_event())
        self._started_now = set()
        self._starting = asyncio.create_task(self._see_through())

    async def _see_through(self) -> None:
        """Wait for what is wanted; announce how the start ended. A first start that fails leaves nothing running."""
        try:
            async with asyncio.timeout(self._settings.start_timeout_seconds):
                await self._all_settled()
        except TimeoutError:
            await self._give_up(self._timed_out())
        except SandboxError as error:
            await self._give_up(error)
        else:
            self._ever_ready = True
            ready = self._ready_event()
            self._keep_history(ready)  # first: who hears of the start may look it up
            self._announcements.announce(ready)
            self._aside(self._after_ready())

    async def _all_settled(self) -> None:
        while True:
            runs = [self._runs[name] for name in self._wanted]
            for run in runs:
                if run.failure is not None:
                    raise run.failure
            if runs and all(run.state in SETTLED for run in runs):
                return
            await self._changes.next()

    async def _give_up(self, error: SandboxError) -> None:
        if self._ever_ready:
            await self._stop_runs(self._started_now)
            self._wanted -= self._started_now
            self._announcements.announce(failed(error))
            return
        self._failure = failed(error)
        self._stopping = asyncio.create_task(self._stop_all())  # not from within: stopping cancels the start, which is this task

    def _timed_out(self) -> SandboxError:
        late = [run for name, run in self._runs.items() if name in self._wanted and run.state not in SETTLED]
        told = "; ".join(
            f"{run.name} is {run.state}" + (f" ({run.last_probe_error})" if run.last_probe_error else "") for run in late
        )
        return SandboxError(
            ErrorCode.START_TIMED_OUT,
            f"not ready after {self._settings.start_timeout_seconds:g} s: {told}",
            actions=(*(f"read {run.log_path}" for run in late if run.child is not None), "give it longer with --timeout"),
            retryable=True,
            detail={
                "resources": {
                    run.name: {"state": run.state, "lastProbeError": run.last_probe_error, "logPath": run.log_path} for run in late
                }
            },
        )

    def _ready_event(self) -> SandboxReady:
        timings = {
            name: graph.Timing(unblocked=run.unblocked_at - self._asked_at, ready=run.ready_at - self._asked_at)
            for name, run in self._runs.items()
            if name in self._wanted and run.ready_at is not None
        }
        return SandboxReady(
            at=time.time(),
            seconds=max((timing.ready for timing in timings.values()), default=0.0),
            critical_path=graph.critical_path(self._resources, timings),
            endpoints={name: run.endpoint for name, run in self._runs.items() if name in self._wanted and run.endpoint is not None},
            generation=self._booted.identity.generation,
        )

    def _keep_history(self, ready: SandboxReady) -> None:
        own = {name: seconds for name in sorted(self._wanted) if (seconds := self._runs[name].seconds_to_ready) is not None}
        history.append(
            self._paths.history,
            history.Start(
                at=ready.at, seconds=ready.seconds, generation=ready.generation, resources=own, critical_path=ready.critical_path
            ),
        )

    # --- while it runs --------------------------------------------------------------------------------------------------------

    async def _after_ready(self) -> None:
        """What may wait until everything is ready: watching the code, and work that drivers do in the background."""
        if not self._watching:
            self._watching = True
            self._aside(self._watch())
            self._aside(self._work_in_background())

    async def _watch(self) -> None:
        while True:
            folders = watching.folders_to_watch(self._resources[name] for name in self._wanted)
            if not folders:
                await self._changes.next()
                continue
            async with contextlib.aclosing(watching.changes(folders)) as changes:
                async for change in changes:
                    await self._take_in(change)
                    if watching.folders_to_watch(self._resources[name] for name in self._wanted) != folders:
                        break

    async def _take_in(self, change: watching.Change) -> None:
        """Restart what the change concerns, and nothing else; when what services are has changed, compare that first."""
        if self._stopping is not None or (self._failure is not None and self._failure.code == ErrorCode.EMULATOR_STATE_LOST):
            return
        concerned = {name for name in change.concerns(self._resources) if name in self._wanted}
        if change.is_flood or change.touches_manifest:
            try:
                concerned |= await self._compare_with_manifests()
            except SandboxError as error:
                self._manifest_trouble = f"what runs is older than the manifests: {error.message}"
                self._announcements.announce(ProbeFailed(at=time.time(), resource="supervisor", reason=error.message))
                return
        if not concerned:
            return
        files = tuple(
            str(file.relative_to(self._paths.checkout)) if file.is_relative_to(self._paths.checkout) else str(file)
            for file in change.files
        )
        self._announcements.announce(
            CodeChanged(at=time.time(), files=files[:_MOST_NAMED_FILES], resources=tuple(sorted(concerned)))
        )
        told = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
        await self._restart([self._runs[name] for name in concerned], f"{told} changed")

    async def _notice_services_that_came_or_went(self) -> None:
        """Take over manifests that are new or gone since the last look. Edited ones are taken over by watching; but nobody watches
        a folder that was not there.

        Raises SandboxError (MANIFEST_INVALID, PORT_TAKEN); everything runs on as it was then.
        """
        if not self._ever_ready or self._failure is not None or self._stopping is not None:
            return
        plan = await asyncio.to_thread(blueprint.load, self._settings)
        if plan.resources.keys() != self._resources.keys():
            concerned = await self._compare_with_manifests()
            await self._restart([self._runs[name] for name in concerned], "manifests came or went")

    async def _compare_with_manifests(self) -> set[str]:
        """Take over what the manifests say now: gone services stop, new ones join, and the names of those to start (again) are
        given.

        Raises SandboxError (MANIFEST_INVALID, PORT_TAKEN); everything stays as it was then.
        """
        plan = await asyncio.to_thread(blueprint.load, self._settings)
        keys = {key for resource in plan.resources.values() for key in resource.ports}
        ports.extend(
            self._booted.ports, keys, remembered_in=self._paths.ports, overrides=self._settings.ports, seed=str(self._paths.root)
        )
        self._manifest_trouble = None
        gone = set(self._resources) - set(plan.resources)
        await self._stop_runs(gone, reason="its manifest is gone")
        for name in gone:
            del self._resources[name], self._runs[name]
        self._wanted -= gone
        different = {name for name, resource in plan.resources.items() if self._resources.get(name) != resource}
        for name in different:
            self._resources[name] = plan.resources[name]
            if name in self._runs:
                self._runs[name].resource = plan.resources[name]
            else:
                self._runs[name] = ResourceRun(
                    plan.resources[name], plan.drivers[plan.resources[name].kind], self._booted, self._runs
                )
                self._wanted.add(name)
        tasks = {
            name for name, resource in self._resources.items() if resource.kind is ResourceKind.PROVISION and name in self._wanted
        }
        return (different | tasks) & self._wanted

    async def _work_in_background(self) -> None:
        """Run what drivers want done, one after the other, at the lowest priority. Nobody waits for it; a failure is in its log."""
        for run in [self._runs[name] for name in sorted(self._wanted)]:
            launch = await asyncio.to_thread(run.driver.background, run.resource, self._booted.context)
            if launch is None:
                continue
            name = f"{run.name}.background"
            log = LogWriter(self._paths.log(name))
            try:
                self._background = await self._booted.processes.start(name, launch, log, ports=(), listener=None, low_priority=True)
                await asyncio.shield(self._background.ended)
            finally:
                log.finish()

    async def _end_background(self) -> None:
        if self._background is not None:
            await self._background.kill()

    async def _restart(self, runs: Iterable[ResourceRun], reason: str) -> None:
        await asyncio.gather(*(self._restart_one(run, reason) for run in runs))

    async def _restart_one(self, run: ResourceRun, reason: str) -> None:
        ended = await run.restart(reason)
        if ended is not None and run.driver.loses_state_when_killed and ended.signal == signal.SIGKILL:
            await run.stop()
            self._lose_emulator(run, ended)

    def _died(self, run: ResourceRun, ended: Exit) -> SandboxError | None:
        if run.driver.loses_state_when_killed and not (ended.well or ended.signal in _ORDERLY_SIGNALS):
            return self._lose_emulator(run, ended)
        return None

    def _lose_emulator(self, run: ResourceRun, ended: Exit) -> SandboxError:
        """Stop what would limp on with empty tables, and say so."""
        concerned = {name for name in graph.dependents(self._resources, (run.name,)) if self._runs[name].state not in AT_REST}
        error = emulator_lost(
            self._paths,
            run.name,
            str(ended),
            sorted(name for name in concerned if self._runs[name].state is not ResourceState.DONE),
        )
        self._failure = failed(error)
        self._announcements.begin()
        self._aside(self._stop_dependents(concerned, self._failure, reason=f"{run.name} has lost its state"))
        return error

    async def _stop_dependents(self, names: set[str], failure: SandboxFailed, *, reason: str) -> None:
        await self._stop_runs(names, reason=reason)
        self._announcements.announce(failure)

    async def _watch_the_spawner(self, processes: Processes) -> None:
        await asyncio.shield(processes.spawner_lost)
        if self._stopping is None:
            self._failure = failed(
                SandboxError(ErrorCode.RESOURCE_DIED, "the process that starts and guards all others was killed", retryable=True)
            )
            self._begin_to_stop()

    # --- the way back ---------------------------------------------------------------------------------------------------------

    def _begin_to_stop(self) -> asyncio.Task[None]:
        if self._stopping is None:
            under_way = self._starting is not None and not self._starting.done()
            if under_way and self._failure is None:
                self._failure = failed(
                    SandboxError(ErrorCode.INTERRUPTED, "the sandbox was stopped before it was ready", retryable=True)
                )
            self._stopping = asyncio.create_task(self._stop_all())
        return self._stopping

    async def _stop_all(self) -> None:
        began = time.monotonic()
        for task in (*self._side_tasks, self._starting, self._boot):
            if task is not None:
                task.cancel()
        await asyncio.gather(
            *(task for task in (*self._side_tasks, self._starting, self._boot) if task is not None), return_exceptions=True
        )
        await asyncio.gather(self._end_background(), self._stop_runs(set(self._runs)))
        for run in self._runs.values():
            run.close()
        if self._house is not None:
            self._house.processes.close()
            self._house.ports.close()
        await asyncio.to_thread(_wait_for_end, self._connections, pid=self._connections.spawner_pid)
        self._paths.ledger.unlink(missing_ok=True)
        if self._purge:
            await asyncio.to_thread(remove_all, self._paths)
        if self._failure is not None and not self._ever_ready:
            self._announcements.announce(self._failure)
        self._announcements.announce(SandboxStopped(at=time.time(), seconds=time.monotonic() - began))
        self.stopped.set()

    async def _stop_runs(self, names: set[str], *, reason: str | None = None) -> None:
        """Stop these in reverse order of the graph, what does not depend on each other at the same time."""
        after = graph.stops_after(self._resources)
        stops: dict[str, asyncio.Task[None]] = {}

        async def stop(name: str) -> None:
            await asyncio.sleep(0)  # until all tasks are there to be waited for
            waits_for = [stops[other] for other in after[name] if other in stops]
            if waits_for:
                await asyncio.gather(*waits_for)
            await self._runs[name].stop(reason=reason)

        for name in names:
            stops[name] = asyncio.create_task(stop(name))
        await asyncio.gather(*stops.values())

    # --- details --------------------------------------------------------------------------------------------------------------

    def _aside(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._side_tasks.add(task)
        task.add_done_callback(self._side_tasks.discard)
        return task

    @property
    def _booted(self) -> House:
        """What the resources share; there is some once the boot is over, and nothing that asks for it begins earlier."""
        if self._house is None:
            raise RuntimeError("the sandbox has not come to life yet")
        return self._house

    def _resource_status(self, run: ResourceRun, pss_bytes: int | None) -> ResourceStatus:
        numbers = self._booted.ports.numbers
        pid = run.child.pid if run.child is not None else None
        return ResourceStatus(
            name=run.name,
            kind=run.resource.kind,
            state=run.state,
            needs=run.resource.needs,
            ports={key: numbers[key] for key in run.resource.ports},
            endpoint=run.endpoint,
            log_path=run.log_path,
            pid=pid,
            group=pid,
            uptime_seconds=time.monotonic() - run.process_started_at
            if pid is not None and run.process_started_at is not None
            else None,
            seconds_to_ready=run.seconds_to_ready,
            restarts=run.restarts,
            pss_bytes=pss_bytes,
            last_probe_error=run.last_probe_error,
            reason=run.reason,
        )


def failed(error: SandboxError) -> SandboxFailed:
    """Return the event that tells of an error which concerns the sandbox as a whole."""
    return SandboxFailed(
        at=time.time(),
        code=error.code,
        message=error.message,
        actions=error.actions,
        retryable=error.retryable,
        detail=error.detail,
    )


def _memory_of_groups(groups: dict[str, int]) -> dict[str, int]:
    members = here.members_of_groups(groups.values())
    return {name: _memory_of_all(members[group]) for name, group in groups.items()}


def _memory_of_all(pids: Iterable[int]) -> int:
    return sum(filter(None, (here.memory_bytes(pid) for pid in set(pids))))


def _memory_of_supervision(spawner: int, groups: frozenset[int]) -> int:
    """Return the supervisor, the spawner, and the nursery: that child of the spawner which is no resource."""
    nursery = [pid for pid in here.children(spawner) if pid not in groups]
    return _memory_of_all([os.getpid(), spawner, *nursery])


def _wait_for_end(connections: Connections, *, pid: int) -> None:
    """Reap the spawner, which ends when its connection closes."""
    connections.close()
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
