"""One resource from its decision to start to its end: needs, process, readiness, death, another try."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from shop_sandbox.engines.driver import Driver
from shop_sandbox.engines.handle import Exit, Handle, Launch
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ProbeFailed, ResourceChanged, ResourceDied, ResourceState
from shop_sandbox.logs import LogWriter
from shop_sandbox.resources.model import Resource
from shop_sandbox.supervisor import deaths
from shop_sandbox.supervisor.context import SandboxContext
from shop_sandbox.supervisor.deaths import Deaths
from shop_sandbox.supervisor.host import SupervisorHost, bring_to_life
from shop_sandbox.supervisor.readiness import Readiness, look_at
from shop_sandbox.supervisor.silence import Silence, waited_by_group

SETTLED: Final = frozenset({ResourceState.READY, ResourceState.DONE})
AT_REST: Final = frozenset({ResourceState.PENDING, ResourceState.STOPPED, ResourceState.FAILED})


class ResourceRun:
    """A resource and what is known of it at this moment."""

    def __init__(self, resource: Resource, driver: Driver, context: SandboxContext, runs: Mapping[str, ResourceRun]) -> None:
        self.resource = resource
        self.driver = driver
        self._context = context
        self._runs = runs
        self._life: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[Handle] | None = None
        self._log = LogWriter(context.run.paths.log(resource.name), on_trouble=self._log_trouble)
        self._readiness = Readiness(resource, driver, context)
        self.handle: Handle | None = None
        self.instead: Launch | None = None
        """What is started in the place of the resource itself, while somebody has taken that."""
        self.state = ResourceState.PENDING
        self.reason: str | None = None
        self.failure: SandboxError | None = None
        """Why it is not started again by itself, or what it waits for in vain."""
        self.deaths = Deaths()
        self._ended_for: str | None = None
        self.log_trouble: str | None = None
        self.restarts = 0
        self.was_ready = False
        self.decided_at = 0.0
        self.unblocked_at = 0.0
        self.process_started_at: float | None = None
        self.ready_at: float | None = None

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.resource.name

    @property
    def is_alive(self) -> bool:
        """True while somebody cares for it: it waits, runs, or will be tried again."""
        return self._life is not None and not self._life.done()

    @property
    def is_settled(self) -> bool:
        """True when those that need it can go on."""
        return self.state in SETTLED

    @property
    def is_over(self) -> bool:
        """True when waiting longer changes nothing by itself: it is ready, has done its work, or has failed."""
        return self.is_settled or self.failure is not None

    @property
    def waits_for_failed(self) -> bool:
        """True when not it has failed, but something it needs."""
        return self.failure is not None and self.is_alive

    @property
    def is_crash_looping(self) -> bool:
        """True when it runs, but has died again and again, and has not lived long since."""
        lived = time.monotonic() - self.ready_at if self.ready_at is not None else 0.0
        return self.is_alive and self.deaths.in_a_row > 1 and lived < deaths.STABLE_SECONDS

    @property
    def last_probe_error(self) -> str | None:
        """Why the newest probe found it not ready."""
        return self._readiness.last_error

    @property
    def log_path(self) -> str:
        """Where its whole output is."""
        return str(self._context.run.paths.log(self.name))

    @property
    def endpoint(self) -> str | None:
        """Its first address, in the form its clients write it."""
        endpoints = self._context.run.endpoints
        for key in self.resource.ports[:1]:
            return endpoints.url(key) if self.resource.speaks_http else endpoints.address(key)
        return None

    @property
    def seconds_to_ready(self) -> float | None:
        """From the moment its needs were met to its readiness."""
        return None if self.ready_at is None else self.ready_at - self.unblocked_at

    @property
    def uptime_seconds(self) -> float | None:
        """How long its process has been running."""
        if self.handle is None or self.process_started_at is None:
            return None
        return time.monotonic() - self.process_started_at

    # --- decisions about it ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to live; does nothing for one that does already."""
        if not self.is_alive:
            self.failure = None
            self.was_ready = False
            self.deaths.forgive()
            self.decided_at = time.monotonic()
            self._enter(ResourceState.PENDING)
            self._life = asyncio.create_task(self._live(), name=self.name)

    def restart(self, reason: str) -> None:
        """Stop it and begin anew. From this moment on it counts as not ready, so nobody goes on by its former state."""
        former = self._life
        self.failure = None
        self.was_ready = False
        self.deaths.forgive()
        self.decided_at = time.monotonic()
        self._enter(ResourceState.PENDING if self.handle is None else ResourceState.STOPPING, reason)
        self._life = asyncio.create_task(self._begin_anew(former), name=self.name)

    def reconsider(self) -> None:
        """Forget that something it waits for had failed: that is tried again."""
        if self.waits_for_failed:
            self.failure = None
            self._enter(ResourceState.PENDING)

    async def end_for(self, reason: str) -> None:
        """End its process, as if that had died: `reason` is told as its cause of death."""
        handle = self.handle
        if handle is not None:
            self._ended_for = reason
            await (handle.stop(self._context.stop_order) if self.driver.loses_state_when_killed else handle.kill())

    async def stop(self, *, reason: str | None = None) -> Exit | None:
        """End it by the ladder; returns when nothing of it is left, with how it ended if it ran. Safe in every state, and more than
        once."""
        life, self._life = self._life, None
        await self._end_life(life)
        ended = await self._end_process(reason)
        if self.state not in (ResourceState.DONE, ResourceState.FAILED, ResourceState.STOPPED):
            self._enter(ResourceState.STOPPED, reason)
        return ended

    def as_event(self) -> ResourceChanged:
        """Return the state it is in, as the event that told of it."""
        pid = self.handle.pid if self.handle is not None else None
        seconds = None if self.ready_at is None else self.ready_at - self.decided_at
        return ResourceChanged(
            at=time.time(),
            resource=self.name,
            state=self.state,
            pid=pid,
            seconds=seconds,
            reason=self.reason,
            endpoint=self.endpoint,
        )

    def close(self) -> None:
        """Finish the log."""
        self._log.close()

    # --- its life -------------------------------------------------------------------------------------------------------------

    async def _begin_anew(self, former: asyncio.Task[None] | None) -> None:
        await self._end_life(former)
        handle = self.handle
        await self._end_process(self.reason)
        if self.process_started_at is not None:
            self.restarts += 1
        self._enter(ResourceState.PENDING, self.reason)
        if handle is not None and (error := self._context.on_death(self.name, handle.ended.result())) is not None:
            self._fail(error)
            return
        await self._live()

    async def _end_life(self, life: asyncio.Task[None] | None) -> None:
        """End the task that leads a life, without a process started and not known."""
        if life is not None:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
        if self._starting is not None:
            await asyncio.wait({self._starting})  # waiting may be broken off, the start may not
            look_at(self._starting)
            self._starting = None

    async def _end_process(self, reason: str | None) -> Exit | None:
        ended = None
        if self.handle is not None and not self.handle.ended.done():
            if self.state is not ResourceState.STOPPING:
                self._enter(ResourceState.STOPPING, reason)
            ended = await self.handle.stop(self._context.stop_order)
        self.handle = None
        with contextlib.suppress(SandboxError):  # somebody else was quicker: the next start says so
            self._context.ports.take_back(self.resource.ports)
        return ended

    async def _live(self) -> None:
        try:
            await self._prepare_while_needs_come()
            await self._keep_alive()
        except SandboxError as error:
            self._fail(error)
        except OSError as error:
            self._fail(_unusable(self.name, error))
        except Exception as error:  # noqa: BLE001 - the edge of a resource's life: a faulty driver fails its resource, not the supervisor
            self._fail(SandboxError(ErrorCode.RESOURCE_DIED, f"{self.name} cannot be started: {type(error).__name__}: {error}"))

    async def _prepare_while_needs_come(self) -> None:
        preparation = asyncio.create_task(asyncio.to_thread(self.driver.prepare, self.resource, self._context.run))
        try:
            await (self._needs_run() if self.resource.waits_by_itself else self._needs_met())
            self.unblocked_at = time.monotonic()
            await asyncio.shield(preparation)
        finally:
            preparation.add_done_callback(look_at)

    async def _needs_run(self) -> None:
        """Wait until all it needs has a process, if not more; one that has failed will have none."""
        while any(run.handle is None and not run.is_over for run in map(self._runs.__getitem__, self.resource.needs)):
            await self._context.changes.next()

    async def _needs_met(self) -> None:
        """Wait for all it needs. Where one of them has failed it says so, and goes on when that one has come back."""
        while unmet := [run for name in self.resource.needs if not (run := self._runs[name]).is_settled]:
            failed = next((run for run in unmet if run.failure is not None), None)
            if failed is None:
                self.reason = f"waits for {', '.join(run.name for run in unmet)}"
            if (failed is not None) != (self.failure is not None):
                self._tell_of_need(failed)
            await self._context.changes.next()
        if self.failure is not None:
            self._tell_of_need(None)

    def _tell_of_need(self, failed: ResourceRun | None) -> None:
        if failed is None or failed.failure is None:
            self.failure = None
            self._enter(ResourceState.PENDING, self.reason)
        else:
            self._fail(deaths.waits_in_vain(self.resource, failed.name, failed.failure))

    async def _keep_alive(self) -> None:
        while True:
            ended = await self._one_life()
            if ended is None:
                return
            never_ready = self.ready_at is None
            may_be_its_files = self.driver.takes_files_on_trust and (self.was_ready or self.deaths.in_a_row == 0)
            seconds_ready = None if self.ready_at is None else time.monotonic() - self.ready_at
            self.deaths.count(ended, self._log.last_lines(), seconds_ready=seconds_ready)
            if never_ready and may_be_its_files:
                await self._check_again(ended)
            elif not self.was_ready:
                raise deaths.death_at_start(self.resource, ended, self._log.last_lines(), self.log_path)
            if (error := self._context.on_death(self.name, ended)) is not None:
                raise error
            if self.deaths.too_many:
                raise deaths.crash_loop(self.resource, self.deaths.in_a_row, ended, self._log.last_lines(), self.log_path)
            await self._back_off(ended)

    async def _back_off(self, ended: Exit) -> None:
        delay = self.deaths.back_off_seconds()
        self._enter(ResourceState.BACKING_OFF, f"{ended}; again in {delay:.1f} s")
        await asyncio.sleep(delay)
        await self._needs_met()
        if self.was_ready:
            self.decided_at = self.unblocked_at = time.monotonic()  # the seconds told are those of this life
        await asyncio.to_thread(self.driver.prepare, self.resource, self._context.run)
        self.restarts += 1

    async def _check_again(self, ended: Exit) -> None:
        """Have the driver look at all it took on trust, and repair it: a store that dies at its start may have been given broken
        files."""
        self._enter(ResourceState.BACKING_OFF, f"{ended}; checking its files")
        await asyncio.to_thread(self.driver.recheck, self.resource, self._context.run)
        await asyncio.to_thread(self.driver.prepare, self.resource, self._context.run)

    async def _one_life(self) -> Exit | None:
        """Start the process and see it through to its end. None: a task that is done."""
        self.ready_at = None
        self._readiness = Readiness(self.resource, self.driver, self._context)
        handle = await self._start_process()
        if self.resource.waits_by_itself:
            await self._needs_met()
            self.unblocked_at = time.monotonic()
        # Shielded: a life that is broken off must not take with it the knowledge of how its process ends.
        ended = await (asyncio.shield(handle.ended) if self.resource.is_task else self._readiness.until_ready(handle.ended))
        if ended is None:
            self._ready(ResourceState.READY)
            silence = Silence(partial(waited_by_group, handle.pid))
            ended = await self._readiness.while_ready(handle.ended, silence=silence, on_change=self._readiness_changed)
        if ended is None:
            self._enter(ResourceState.STOPPING, f"is started again, for it hangs: {self.last_probe_error}")
            ended = await handle.stop(self._context.stop_order)
        self.handle = None
        if self._ended_for is not None:
            ended = replace(ended, reason=self._ended_for)
        if self.resource.is_task and ended.well:
            self._ready(ResourceState.DONE)
            return None
        self._announce_death(ended)
        return ended

    async def _start_process(self) -> Handle:
        self._enter(ResourceState.STARTING)
        self._starting = asyncio.create_task(self._launch())
        handle = await asyncio.shield(self._starting)
        self._starting = None
        self._enter(ResourceState.STARTING)
        return handle

    async def _launch(self) -> Handle:
        context = self._context
        launch = self.instead or self.driver.launch(self.resource, context.run)
        host = SupervisorHost(
            self.name, self.resource.ports, self._log, context.processes, context.ports, limits=self.resource.limits
        )
        self._ended_for = None
        self._log.forget_newest()
        self.handle = await bring_to_life(launch, host)
        self.process_started_at = time.monotonic()
        return self.handle

    # --- telling --------------------------------------------------------------------------------------------------------------

    def _readiness_changed(self, ready: bool, reason: str) -> None:
        self._enter(ResourceState.READY if ready else ResourceState.STARTING, reason)

    def _ready(self, state: ResourceState) -> None:
        self.ready_at = time.monotonic()
        self.was_ready = True
        self._enter(state)

    def _fail(self, error: SandboxError) -> None:
        self.failure = error
        self._enter(ResourceState.FAILED, error.message)

    def _announce_death(self, ended: Exit) -> None:
        self._context.announcements.announce(
            ResourceDied(
                at=time.time(),
                resource=self.name,
                exit_code=ended.code,
                signal=ended.signal,
                reason=ended.reason,
                last_lines=self._log.last_lines(),
                log_path=self.log_path,
            )
        )

    def _log_trouble(self, trouble: str | None) -> None:
        self.log_trouble = trouble
        if trouble is not None:
            self._context.announcements.announce(ProbeFailed(at=time.time(), resource=self.name, reason=trouble))

    def _enter(self, state: ResourceState, reason: str | None = None) -> None:
        self.state = state
        self.reason = reason
        self._context.announcements.announce(self.as_event())
        self._context.changes.notify()


def _unusable(resource: str, error: OSError) -> SandboxError:
    """Return the error for a place that a resource needs on this machine and cannot use."""
    place = f"{error.filename}: " if error.filename is not None else ""
    return SandboxError(
        ErrorCode.FOLDER_UNUSABLE,
        f"{resource} cannot be started: {place}{error.strerror or error}",
        actions=(
            f"see to it that {error.filename or 'its folders'} can be used by you",
            "`shop-dev doctor` looks at what else is wrong",
        ),
        detail={"resource": resource, "path": str(error.filename)},
    )
