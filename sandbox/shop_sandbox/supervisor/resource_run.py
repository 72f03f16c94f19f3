"""One resource from its decision to start to its end: needs, process, readiness, death, another try."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shop_sandbox.engines.driver import Driver, ForkLaunch, NotAlive, NotReady, RunContext
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import Event, ProbeFailed, ResourceChanged, ResourceDied, ResourceState
from shop_sandbox.logs import LogWriter
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.state import DataIdentity
from shop_sandbox.supervisor.ports import Ports
from shop_sandbox.supervisor.processes import Child, Exit, Processes

PROBE_SECONDS: Final = 0.05
PROBE_WHEN_READY_SECONDS: Final = 5.0
PROBE_AGAIN_SECONDS: Final = 0.5
MOST_SILENT_PROBES: Final = 3
"""A resource that was ready and does not even say that it lives, so often in a row, is started again."""
"""A ready resource counts as not ready any more after two failed probes this far apart: one may have met a garbage collection."""

FIRST_BACK_OFF_SECONDS: Final = 0.1
LONGEST_BACK_OFF_SECONDS: Final = 10.0
MOST_RESTARTS: Final = 6
"""Deaths in a row, about 6 s of trying, after which only a change or a command starts the resource again."""
STABLE_SECONDS: Final = 30.0
"""A life this long starts the count of deaths anew."""

_CHECKED_AGAIN: Final = frozenset({ResourceKind.KAFKA, ResourceKind.AWS, ResourceKind.POSTGRES, ResourceKind.REDIS})
"""What runs from downloads and derived files. A service that dies at its start has a mistake in it, and trying again only hides
that."""

_SAME_NEWS_SECONDS: Final = 5.0

SETTLED: Final = frozenset({ResourceState.READY, ResourceState.DONE})
AT_REST: Final = frozenset({ResourceState.PENDING, ResourceState.STOPPED, ResourceState.FAILED})


class Changes:
    """Wakes whoever waits for some resource to enter another state."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def tell(self) -> None:
        """Something changed."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def next(self) -> None:
        """Return after the next change."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter


@dataclass(frozen=True)
class House:
    """What all resources of a sandbox share."""

    context: RunContext
    processes: Processes
    ports: Ports
    identity: DataIdentity
    announce: Callable[[Event], None]
    changes: Changes
    died: Callable[[ResourceRun, Exit], SandboxError | None]
    """Hears of each unexpected end of a resource that had been ready; gives an error when it must not be started again."""
    hurry: asyncio.Event


class ResourceRun:
    """A resource and what is known of it at this moment."""

    def __init__(self, resource: Resource, driver: Driver, house: House, runs: Mapping[str, ResourceRun]) -> None:
        self.resource = resource
        self.driver = driver
        self._house = house
        self._runs = runs
        self._task: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[Child] | None = None
        self._log = LogWriter(house.context.paths.log(resource.name), on_trouble=self._log_trouble)
        self.child: Child | None = None
        self.state = ResourceState.PENDING
        self.reason: str | None = None
        self.failure: SandboxError | None = None
        self.last_probe_error: str | None = None
        self._told_probe_errors: dict[str, float] = {}
        self.log_trouble: str | None = None
        self.restarts = 0
        self.was_ready = False
        self.decided_at = 0.0
        self.unblocked_at = 0.0
        self.process_started_at: float | None = None
        self._is_silent = False
        self.ready_at: float | None = None

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.resource.name

    @property
    def is_alive(self) -> bool:
        """True while somebody cares for it: it waits, runs, or will be tried again."""
        return self._task is not None and not self._task.done()

    @property
    def log_path(self) -> str:
        """Where its whole output is."""
        return str(self._house.context.paths.log(self.name))

    @property
    def endpoint(self) -> str | None:
        """Its first address, in the form its clients write it."""
        endpoints = self._house.context.endpoints
        for key in self.resource.ports[:1]:
            if self.resource.kind in (ResourceKind.KAFKA, ResourceKind.POSTGRES, ResourceKind.REDIS):
                return endpoints.address(key)
            return endpoints.url(key)
        return None

    @property
    def seconds_to_ready(self) -> float | None:
        """From the moment its needs were met to its readiness."""
        return None if self.ready_at is None else self.ready_at - self.unblocked_at

    def start(self) -> None:
        """Begin to live; does nothing for one that does already."""
        if self._task is None or self._task.done():
            self.failure = None
            self.was_ready = False
            self.decided_at = time.monotonic()
            self._enter(ResourceState.PENDING)
            self._task = asyncio.create_task(self._live(), name=self.name)

    async def stop(self, *, reason: str | None = None) -> None:
        """End the process by the ladder; returns when its whole group is gone. Safe in every state, and more than once."""
        await self._abandon()
        if self.child is not None and not self.child.ended.done():
            self._enter(ResourceState.STOPPING, reason)
            await self.child.stop(hurry=self._house.hurry)
        self.child = None
        self._house.ports.take_back(self.resource.ports)
        if self.state not in (ResourceState.DONE, ResourceState.FAILED, ResourceState.STOPPED):
            self._enter(ResourceState.STOPPED, reason)

    async def restart(self, reason: str) -> Exit | None:
        """Stop and start again. Gives how the old process ended, if there was one."""
        child = self.child
        await self.stop(reason=reason)
        was_ready = self.was_ready
        self.start()
        self.was_ready = was_ready
        self.restarts += 1
        return child.ended.result() if child is not None else None

    def as_event(self) -> ResourceChanged:
        """Return the state it is in, as the event that told of it."""
        pid = self.child.pid if self.child is not None else None
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

    async def _abandon(self) -> None:
        """End the task that leads this life, without a process started and not known."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
            self._starting = None

    async def _live(self) -> None:
        try:
            preparation = asyncio.create_task(asyncio.to_thread(self.driver.prepare, self.resource, self._house.context))
            try:
                await self._needs_met()
                self.unblocked_at = time.monotonic()
                await asyncio.shield(preparation)
            finally:
                preparation.add_done_callback(_look_at)
            await self._keep_alive()
        except SandboxError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - the edge of a resource's life: a faulty driver fails its resource, not the supervisor
            self._fail(SandboxError(ErrorCode.RESOURCE_DIED, f"{self.name} cannot be started: {type(error).__name__}: {error}"))

    async def _needs_met(self) -> None:
        while not all(self._runs[name].state in SETTLED for name in self.resource.needs):
            await self._house.changes.next()

    async def _keep_alive(self) -> None:
        deaths = 0
        while True:
            ended = await self._one_life()
            if ended is None:
                return
            if self.ready_at is None and self.resource.kind in _CHECKED_AGAIN and (self.was_ready or deaths == 0):
                await self._check_again(ended)
            elif not self.was_ready:
                raise self._death_at_start(ended)
            lived_long = self.ready_at is not None and time.monotonic() - self.ready_at > STABLE_SECONDS
            deaths = 1 if lived_long else deaths + 1
            if (error := self._house.died(self, ended)) is not None:
                raise error
            if deaths > MOST_RESTARTS:
                raise self._crash_loop(ended, deaths)
            delay = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2 ** (deaths - 1)) * random.uniform(0.5, 1.0)  # noqa: S311  # nosec B311 # jitter, not a secret
            self._enter(ResourceState.BACKING_OFF, f"{ended}; again in {delay:.1f} s")
            await asyncio.sleep(delay)
            if self.was_ready:
                self.decided_at = self.unblocked_at = time.monotonic()  # the seconds told are those of this life
            await asyncio.to_thread(self.driver.prepare, self.resource, self._house.context)
            self.restarts += 1

    async def _check_again(self, ended: Exit) -> None:
        """Have the driver look at all it took on trust, and repair it: a store that dies at its start may have been given broken
        files."""
        self._enter(ResourceState.BACKING_OFF, f"{ended}; checking its files")
        await asyncio.to_thread(self.driver.recheck, self.resource, self._house.context)
        await asyncio.to_thread(self.driver.prepare, self.resource, self._house.context)

    async def _one_life(self) -> Exit | None:
        """Start the process and see it through to its end. None: a task that is done."""
        self.ready_at = None
        self._told_probe_errors.clear()
        child = await self._start_process()
        ended = await child.ended if self.resource.kind is ResourceKind.PROVISION else await self._until_ready(child)
        if ended is None:
            self._ready(ResourceState.READY)
            ended = await self._while_ready(child)
        self.child = None
        if self.resource.kind is ResourceKind.PROVISION and ended.well:
            self._ready(ResourceState.DONE)
            return None
        self._announce_death(child, ended)
        return ended

    async def _start_process(self) -> Child:
        self._enter(ResourceState.STARTING)
        self._starting = asyncio.create_task(self._fork())
        child = await asyncio.shield(self._starting)
        self._starting = None
        self._enter(ResourceState.STARTING)
        return child

    async def _fork(self) -> Child:
        house = self._house
        launch = self.driver.launch(self.resource, house.context)
        handed_over = launch.inherit_listener if isinstance(launch, ForkLaunch) else None
        own = [key for key in self.resource.ports if key != handed_over]
        house.ports.release_for_use(own)
        self.child = await house.processes.start(
            self.name,
            launch,
            self._log,
            ports=tuple(house.ports.numbers[key] for key in self.resource.ports),
            listener=house.ports.listener(handed_over) if handed_over is not None else None,
        )
        self.process_started_at = time.monotonic()
        return self.child

    async def _until_ready(self, child: Child) -> Exit | None:
        """Probe until ready (None) or until the process has ended, whichever is first."""
        while True:
            reason = await self._probe(child, and_identity=True)
            if child.ended.done():
                return child.ended.result()
            if reason is None:
                return None
            await asyncio.wait({child.ended}, timeout=PROBE_SECONDS)

    async def _while_ready(self, child: Child) -> Exit:
        """Probe on, slowly, until the process has ended: a resource that is ready and then fails shows it."""
        failed = silent = 0
        while not child.ended.done():
            await asyncio.wait({child.ended}, timeout=PROBE_AGAIN_SECONDS if failed else PROBE_WHEN_READY_SECONDS)
            if child.ended.done():
                break
            reason = await self._probe(child)
            failed = 0 if reason is None else failed + 1
            silent = silent + 1 if self._is_silent else 0
            if silent == MOST_SILENT_PROBES and not child.ended.done():
                self._enter(ResourceState.STOPPING, f"is started again, for it hangs: {reason}")
                await child.stop(hurry=self._house.hurry)
            elif failed == 2:
                self._enter(ResourceState.STARTING, f"not ready any more: {reason}")
            elif reason is None and self.state is ResourceState.STARTING:
                self._enter(ResourceState.READY, "ready again")
        return child.ended.result()

    async def _probe(self, child: Child, *, and_identity: bool = False) -> str | None:
        """Give why it is not ready. Returns at once when the process ends meanwhile. Raises SandboxError when it holds other
        data."""
        probe = asyncio.ensure_future(asyncio.to_thread(self._probe_once, and_identity=and_identity))
        either: set[asyncio.Future[Any]] = {probe, child.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not probe.done():
            probe.add_done_callback(_look_at)
            return "ended"
        reason = probe.result()
        if reason is not None and reason != self.last_probe_error:
            self._tell_probe_error(reason)
        self.last_probe_error = reason
        return reason

    def _tell_probe_error(self, reason: str) -> None:
        """Tell a new reason; one that was told a moment ago and comes back is no news."""
        now = time.monotonic()
        if now - self._told_probe_errors.get(reason, -_SAME_NEWS_SECONDS) >= _SAME_NEWS_SECONDS:
            self._told_probe_errors[reason] = now
            self._house.announce(ProbeFailed(at=time.time(), resource=self.name, reason=reason))

    def _probe_once(self, *, and_identity: bool) -> str | None:
        self._is_silent = False
        try:
            self.driver.probe(self.resource, self._house.context)
            if and_identity:
                self._house.identity.check(self.resource, self.driver, self._house.context)
        except NotReady as error:
            self._is_silent = isinstance(error, NotAlive)
            return str(error)
        except SandboxError:
            raise
        except Exception as error:  # noqa: BLE001 - a faulty probe is a reason not to be ready, which is shown
            return f"the probe itself fails: {type(error).__name__}: {error}"
        return None

    def _ready(self, state: ResourceState) -> None:
        self.ready_at = time.monotonic()
        self.was_ready = True
        self._enter(state)

    def _fail(self, error: SandboxError) -> None:
        self.failure = error
        self._enter(ResourceState.FAILED, error.message)

    def _announce_death(self, child: Child, ended: Exit) -> None:
        self._house.announce(
            ResourceDied(
                at=time.time(),
                resource=self.name,
                exit_code=ended.code,
                signal=ended.signal,
                last_lines=child.log.last_lines(),
                log_path=self.log_path,
            )
        )

    def _death_at_start(self, ended: Exit) -> SandboxError:
        is_task = self.resource.kind is ResourceKind.PROVISION
        what = "failed" if is_task else "ended before it was ready"
        return SandboxError(
            ErrorCode.PROVISION_FAILED if is_task else ErrorCode.RESOURCE_DIED,
            f"{self.name} {what}: {ended}",
            actions=(f"the whole log is in {self.log_path}",),
            detail=self._death_detail(ended),
        )

    def _crash_loop(self, ended: Exit, deaths: int) -> SandboxError:
        return SandboxError(
            ErrorCode.RESOURCE_DIED,
            f"{self.name} died {deaths} times in a row, last: {ended}",
            actions=(
                f"the whole log is in {self.log_path}",
                f"`shop-dev restart {self.name}` tries again, and so does a change of its code",
            ),
            detail=self._death_detail(ended),
        )

    def _death_detail(self, ended: Exit) -> dict[str, object]:
        lines = list(self._log.last_lines())
        return {"resource": self.name, "exitCode": ended.code, "signal": ended.signal, "lastLines": lines, "logPath": self.log_path}

    def _log_trouble(self, trouble: str | None) -> None:
        self.log_trouble = trouble
        if trouble is not None:
            self._house.announce(ProbeFailed(at=time.time(), resource=self.name, reason=trouble))

    def _enter(self, state: ResourceState, reason: str | None = None) -> None:
        self.state = state
        self.reason = reason
        self._house.announce(self.as_event())
        self._house.changes.tell()


def _look_at(task: asyncio.Future[None] | asyncio.Future[str | None]) -> None:
    """Take the outcome of something nobody waits for any more, so that asyncio does not report it as forgotten."""
    if not task.cancelled():
        task.exception()
