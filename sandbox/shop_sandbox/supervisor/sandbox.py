"""The sandbox as its clients know it. What they ask for is handed to the room that does it: boot, start, reload, state loss,
stop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

from shop_sandbox.engines.handle import Exit, StopOrder
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import Event, SandboxFailed, SandboxReady, SandboxStopped
from shop_sandbox.ownership import last_owner
from shop_sandbox.supervisor import graph, joining, state_loss, status
from shop_sandbox.supervisor import swap as swapping
from shop_sandbox.supervisor.announcements import Announcements
from shop_sandbox.supervisor.background import BackgroundWork
from shop_sandbox.supervisor.boot import Booted, Seed, boot
from shop_sandbox.supervisor.context import Condition, SideTasks
from shop_sandbox.supervisor.faults import as_error, failed
from shop_sandbox.supervisor.fork_server.starting import Connections
from shop_sandbox.supervisor.leased import Witness, owner_ended
from shop_sandbox.supervisor.limits import MemoryLimits
from shop_sandbox.supervisor.processes import Processes
from shop_sandbox.supervisor.protocol import Join, ProcessDescription, Restart, SandboxState, SandboxStatus, Up
from shop_sandbox.supervisor.reload import Reload
from shop_sandbox.supervisor.settings import Lease, SupervisorSettings
from shop_sandbox.supervisor.start import Starts, Wish
from shop_sandbox.supervisor.stop import Stopping
from shop_sandbox.supervisor.usage import UsageWatch


class Sandbox:
    """Owns every child of one sandbox. All methods belong to one event loop."""

    def __init__(self, settings: SupervisorSettings, connections: Connections, *, nonce: str, began: float) -> None:
        self._settings = settings
        self._connections = connections
        self._began_at = time.time()
        self._asked_at = began
        self._announcements = Announcements(asyncio.get_running_loop())
        self._condition = Condition()
        self._stop_order = StopOrder()
        seed = Seed(
            settings,
            connections,
            nonce,
            predecessor=last_owner(settings.paths),  # before a record of our own takes its place
            announcements=self._announcements,
            condition=self._condition,
            side_tasks=SideTasks(),
            stop_order=self._stop_order,
            on_death=self._on_death,
        )
        lease = settings.lease
        self._witness = Witness(settings, lease, self._announcements) if lease is not None else None
        self._booting = asyncio.create_task(self._boot(seed))
        self._stopping = Stopping(seed, self._booting, before=self._keep_evidence)
        if lease is not None:
            seed.side_tasks.begin(self._end_with_owner(lease))

    async def _boot(self, seed: Seed) -> Booted:
        booted = await boot(seed)
        self._starts = Starts(
            booted,
            asked_at=self._asked_at,
            on_fatal=self._after_fatal_start,
            on_over=self._after_start,
        )
        self._reload = Reload(self._settings, booted, self._starts)
        self._background = BackgroundWork(booted)
        self._usage = UsageWatch(booted.runs, spawner=self._connections.spawner_pid)
        seed.side_tasks.begin(self._usage.watch())
        if booted.keeping.memory == "supervisor":
            seed.side_tasks.begin(MemoryLimits(booted.runs).watch())
        self._stopping.know(booted, self._starts, self._background)
        seed.side_tasks.begin(self._watch_the_spawner(booted.context.processes))
        if self._witness is not None:
            seed.side_tasks.begin(self._witness.begin(booted.runs))
        return booted

    # --- what clients ask for -------------------------------------------------------------------------------------------------

    async def up(self, request: Up) -> AsyncGenerator[Event, None]:
        """Start what is asked for; gives this request's events, the last is SandboxReady or SandboxFailed."""
        try:
            await asyncio.shield(self._booting)
            self._refuse_while_stopping()
            again = await self._reload.notice_manifests() if self._witness is None else frozenset()
            start = self._starts.begin(
                Wish(
                    names=request.resources,
                    without=frozenset(request.without),
                    again=again,
                    reason="manifests came or went",
                    timeout_seconds=request.timeout_seconds or self._settings.start_timeout_seconds,
                    atomic=request.atomic,
                )
            )
        except SandboxError as error:
            if self._has_begun_nothing:
                for event in self._announcements.journal:
                    yield event
                await self.stop()
            yield failed(error)
            return
        async with contextlib.aclosing(start.events()) as events:
            async for event in events:
                yield event

    async def join(self, request: Join) -> AsyncGenerator[Event, None]:
        """Run the services of another checkout as well; gives this request's events, the last is SandboxReady or SandboxFailed.

        Raises SandboxError (MANIFEST_INVALID, PORT_TAKEN, RESOURCE_UNKNOWN, JOIN_REFUSED).
        """
        async with contextlib.aclosing(joining.join(self._household(await asyncio.shield(self._booting)), request)) as events:
            async for event in events:
                yield event

    async def leave(self, checkout: str) -> AsyncGenerator[Event, None]:
        """Stop what runs for that checkout alone; gives the events of that. Raises SandboxError (JOIN_REFUSED)."""
        async with contextlib.aclosing(joining.leave(self._household(await asyncio.shield(self._booting)), checkout)) as events:
            async for event in events:
                yield event

    async def restart(self, request: Restart) -> AsyncGenerator[Event, None]:
        """Start these anew; gives this request's events, the last is SandboxReady or SandboxFailed. Raises SandboxError
        (RESOURCE_UNKNOWN, EMULATOR_STATE_LOST)."""
        await asyncio.shield(self._booting)
        self._refuse_while_stopping()
        if self._condition.failure is not None:
            raise as_error(self._condition.failure)
        self._reload.forget_outputs(request.resources)
        start = self._starts.begin(
            Wish(
                names=request.resources,
                again=frozenset(request.resources),
                reason="restart was asked for",
                timeout_seconds=request.timeout_seconds or self._settings.start_timeout_seconds,
            )
        )
        async with contextlib.aclosing(start.events()) as events:
            async for event in events:
                yield event

    async def stop_some(self, names: tuple[str, ...], *, dependents: bool) -> AsyncGenerator[Event, None]:
        """Stop these; gives their events until they have stopped. Raises SandboxError (RESOURCE_UNKNOWN)."""
        runs = (await asyncio.shield(self._booting)).runs
        runs.closure(names)
        chosen = set(names) | (graph.dependents(runs.resources, names) if dependents else set())
        with self._announcements.subscribe(replay=False) as events:
            runs.wanted -= chosen
            await runs.stop(chosen, reason="stop was asked for")
            for event in events.waiting():
                if getattr(event, "resource", None) in chosen:
                    yield event

    async def describe(self, name: str) -> ProcessDescription:
        """Say how the process of a service is started. Raises SandboxError (RESOURCE_UNKNOWN, SWAP_REFUSED)."""
        return swapping.describe(await asyncio.shield(self._booting), name)

    async def swap(self, name: str, *, timeout_seconds: float) -> AsyncGenerator[ProcessDescription | Event, None]:
        """Put another process in the place of a service until the iterator is closed. Raises SandboxError (RESOURCE_UNKNOWN,
        SWAP_REFUSED, START_TIMED_OUT)."""
        booted = await asyncio.shield(self._booting)
        self._refuse_while_stopping()
        async with contextlib.aclosing(swapping.swap(booted, self._starts, name, timeout_seconds=timeout_seconds)) as events:
            async for event in events:
                yield event

    async def follow(self) -> AsyncGenerator[Event, None]:
        """Give the state of each resource, then events as they come, until the sandbox has stopped."""
        with self._announcements.subscribe(replay=False) as events:
            booted = self._booted
            for run in booted.runs.values() if booted is not None else ():
                yield run.as_event()
            async for event in events:
                yield event
                if isinstance(event, SandboxStopped):
                    return

    async def events(self, *, since: float, follow: bool) -> AsyncGenerator[Event, None]:
        """Give the newest events from `since` on, and with `follow` those that come, until the sandbox has stopped."""
        with self._announcements.subscribe(replay=False) as coming:
            for event in tuple(self._announcements.recent):
                if event.at >= since:
                    yield event
            async for event in coming if follow else _nothing():
                yield event
                if isinstance(event, SandboxStopped):
                    return

    async def down(self, *, purge: bool, force: bool) -> AsyncGenerator[Event, None]:
        """Stop everything; gives events up to SandboxStopped."""
        self._stop_order.discard |= purge
        if force:
            self._stop_order.forced.set()
        with self._announcements.subscribe(replay=False) as events:
            self._stopping.begin(purge=purge)
            async for event in events:
                yield event
                if isinstance(event, SandboxStopped):
                    return

    async def stop(self) -> None:
        """Stop everything; returns when no process is left."""
        await asyncio.shield(self._stopping.begin())

    async def stopped(self) -> None:
        """Return when everything has been stopped, whoever asked for it."""
        await self._stopping.is_over.wait()

    async def status(self, *, with_memory: bool = True) -> SandboxStatus:
        """Return everything as it is now."""
        with contextlib.suppress(SandboxError):
            await asyncio.shield(self._booting)
        return await status.describe(
            self._reload.settings if self._booted is not None else self._settings,
            self._condition,
            self._booted,
            state=self.state,
            began_at=self._began_at,
            usage=self._usage if with_memory and self._booted is not None else None,
        )

    @property
    def state(self) -> SandboxState:
        """The sandbox in one word."""
        booted = self._booted
        is_starting = booted is not None and self._starts.any_under_way
        return status.state_of(self._condition, booted.runs if booted is not None else None, is_starting=is_starting)

    # --- what happens by itself -----------------------------------------------------------------------------------------------

    def _after_start(self, outcome: SandboxReady | SandboxFailed) -> None:
        if self._witness is not None:  # its inputs stay what they were
            self._witness.keep_outcome(outcome)
            return
        self._reload.begin()
        self._background.begin()

    def _after_fatal_start(self, failure: SandboxFailed) -> None:
        if self._witness is not None:
            self._witness.keep_outcome(failure)
        self._stopping.begin(failure=failure)

    async def _keep_evidence(self) -> None:
        """Write down what there is, before it goes."""
        if self._witness is not None and self._booted is not None:
            self._witness.keep_status(await self.status())

    async def _end_with_owner(self, lease: Lease) -> None:
        await owner_ended(lease)
        self._stop_order.discard = True
        self._stopping.begin()

    def _on_death(self, resource: str, ended: Exit) -> SandboxError | None:
        booted = self._booted
        return state_loss.loss_by(booted, booted.runs[resource], ended) if booted is not None else None

    async def _watch_the_spawner(self, processes: Processes) -> None:
        await asyncio.shield(processes.spawner_lost)
        error = SandboxError(ErrorCode.RESOURCE_DIED, "the process that starts and guards all others was killed", retryable=True)
        self._stopping.begin(failure=failed(error))

    # --- details --------------------------------------------------------------------------------------------------------------

    @property
    def _booted(self) -> Booted | None:
        """What there is once the boot has ended well."""
        boot_ = self._booting
        return boot_.result() if boot_.done() and not boot_.cancelled() and boot_.exception() is None else None

    def _household(self, booted: Booted) -> joining.Household:
        return joining.Household(booted, self._reload, self._starts)

    @property
    def _has_begun_nothing(self) -> bool:
        return self._booted is None or not self._booted.runs.wanted

    def _refuse_while_stopping(self) -> None:
        if self._condition.is_stopping:
            raise SandboxError(
                ErrorCode.INTERRUPTED, "the sandbox is being stopped", actions=("run `shop-dev up` again",), retryable=True
            )


async def _nothing() -> AsyncGenerator[Event, None]:
    """Give no event."""
    return
    yield
