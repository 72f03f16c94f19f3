"""The one decision what starts, for `up`, `restart` and a change of code alike, and the requests that wait for its outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import Event, SandboxFailed, SandboxReady
from shop_sandbox.supervisor import graph, history
from shop_sandbox.supervisor.announcements import Reader
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.faults import as_error, failed
from shop_sandbox.supervisor.resource_run import AT_REST, ResourceRun

_LOOK_AT_CLOCK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Wish:
    """What is to be ready, and on which terms.

    `names` and all they need or use, but for `without`; everything where no name is given. `again` are started anew though they
    run, for `reason`. The time for downloads does not count against `timeout_seconds`. `atomic`: where one fails, what this
    request has started is stopped again.
    """

    names: tuple[str, ...] = ()
    timeout_seconds: float = 120.0
    without: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    reason: str = ""
    atomic: bool = False


class Starts:
    """Decides what starts, and keeps the requests that are under way."""

    def __init__(
        self,
        booted: Booted,
        *,
        asked_at: float,
        on_fatal: Callable[[SandboxFailed], object],
        on_over: Callable[[SandboxReady | SandboxFailed], None],
    ) -> None:
        self._context = booted.context
        self._runs = booted.runs
        self._first_asked_at: float | None = asked_at
        self._on_fatal = on_fatal
        self._on_over = on_over
        self._under_way: set[Start] = set()

    @property
    def any_under_way(self) -> bool:
        """True while some request waits for its outcome."""
        return bool(self._under_way)

    def decide(self, wish: Wish) -> tuple[frozenset[str], frozenset[str]]:
        """Mark all that is concerned, then start and restart it. Returns what is wanted for this, and what of it was begun now.

        Nothing is awaited in between: a resource that is begun anew counts as not ready from here on, so whatever needs it waits.
        Raises SandboxError (RESOURCE_UNKNOWN).
        """
        asked = self._runs.closure(wish.names) if wish.names or not wish.again else frozenset()
        chosen = (asked | (self._runs.closure(wish.again) if wish.again else frozenset())) - wish.without
        self._runs.wanted |= chosen
        again = self._runs.of(wish.again - wish.without)
        for run in again:
            run.restart(wish.reason)
        resting = [run for run in self._runs.of(chosen) if run.state in AT_REST and not run.is_alive]
        for run in resting:
            run.start()
        for run in self._runs.values():
            run.reconsider()
        return chosen, frozenset(run.name for run in (*again, *resting))

    def begin(self, wish: Wish) -> Start:
        """Decide, and give the request that waits for the outcome. Raises SandboxError (RESOURCE_UNKNOWN)."""
        announcements = self._context.announcements
        self._runs.closure((*wish.names, *wish.again))  # a name that is not there is refused before anything changes
        asked_at, self._first_asked_at = self._first_asked_at or time.monotonic(), None
        if not self._under_way and self._context.condition.has_started:
            announcements.begin()
            for run in self._runs.values():
                if run.is_alive:
                    announcements.announce(run.as_event())
        reader = announcements.subscribe(replay=True)
        chosen, begun = self.decide(wish)
        start = Start(wish, chosen, begun, reader, asked_at)
        self._under_way.add(start)
        start.task = asyncio.create_task(self._see_through(start))
        return start

    async def cancel(self) -> None:
        """End the waiting of all requests, as the sandbox is stopped; `finish_all` tells them."""
        tasks = [start.task for start in self._under_way if start.task is not None and start.task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def finish_all(self, failure: SandboxFailed) -> None:
        """Tell all requests that nothing more will come."""
        for start in tuple(self._under_way):
            self._finish(start, failure)

    # --- one request ----------------------------------------------------------------------------------------------------------

    async def _see_through(self, start: Start) -> None:
        condition = self._context.condition
        error = await self._outcome(start)
        if condition.failure is not None:
            self._finish(start, condition.failure)
        elif error is None:
            self._succeed(start)
        elif not condition.has_started and (start.wish.atomic or error.code is ErrorCode.STATE_INCOMPLETE):
            self._on_fatal(failed(error))  # told when nothing is left
        else:
            if start.wish.atomic:
                await self._runs.stop(start.begun)
                self._runs.wanted -= start.begun
            condition.has_started = True
            result = failed(error)
            self._finish(start, result)
            self._on_over(result)

    async def _outcome(self, start: Start) -> SandboxError | None:
        """Wait until all is ready (None), or has failed, or the time is over."""
        left = start.wish.timeout_seconds
        while True:
            if self._context.condition.failure is not None:
                return as_error(self._context.condition.failure)
            runs = self._runs.of(start.chosen)
            failures = _root_causes(runs)
            if failures and (start.wish.atomic or all(run.is_over for run in runs)):
                return _told_together(failures, runs)
            if all(run.is_settled for run in runs):
                return None
            if left <= 0:
                return _timed_out(runs, start.wish.timeout_seconds)
            began = time.monotonic()
            await self._context.changes.next(within_seconds=min(left, _LOOK_AT_CLOCK_SECONDS))
            if not self._context.announcements.is_downloading:
                left -= time.monotonic() - began

    def _succeed(self, start: Start) -> None:
        self._context.condition.has_started = True
        ready = self._ready_event(start)
        if start.begun:
            self._keep_history(ready)  # first: who hears of the start may look it up
        self._finish(start, ready)
        self._context.announcements.announce(ready)
        self._on_over(ready)

    def _finish(self, start: Start, result: SandboxReady | SandboxFailed) -> None:
        self._under_way.discard(start)
        start.finish(result)
        if not self._under_way:
            self._context.announcements.end()

    def _ready_event(self, start: Start) -> SandboxReady:
        timings = {
            run.name: graph.Timing(unblocked=run.unblocked_at - start.asked_at, ready=run.ready_at - start.asked_at)
            for run in self._runs.of(start.chosen)
            if run.ready_at is not None and run.ready_at >= start.asked_at
        }
        return SandboxReady(
            at=time.time(),
            seconds=max((timing.ready for timing in timings.values()), default=0.0),
            critical_path=graph.critical_path(self._runs.resources, timings),
            endpoints={run.name: run.endpoint for run in self._runs.of(self._runs.wanted) if run.endpoint is not None},
            generation=self._context.identity.generation,
        )

    def _keep_history(self, ready: SandboxReady) -> None:
        own = {run.name: run.seconds_to_ready for run in self._runs.of(self._runs.wanted)}
        history.append(
            self._context.run.paths.history,
            history.Start(
                at=ready.at,
                seconds=ready.seconds,
                generation=ready.generation,
                resources={name: seconds for name, seconds in own.items() if seconds is not None},
                critical_path=ready.critical_path,
            ),
        )


@dataclass(eq=False)
class Start:
    """One request under way: what it is about, its own journal, its own deadline. `asked_at` is monotonic."""

    wish: Wish
    chosen: frozenset[str]
    begun: frozenset[str]
    _reader: Reader
    asked_at: float
    task: asyncio.Task[None] | None = None
    _result: SandboxReady | SandboxFailed | None = field(default=None)

    def finish(self, result: SandboxReady | SandboxFailed) -> None:
        """This is how it ended; the last of its events."""
        self._result = result
        self._reader.put(result)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Give what happens, from the beginning of the start it belongs to; the last is its own SandboxReady or SandboxFailed."""
        with self._reader:
            async for event in self._reader:
                if event is self._result:
                    yield event
                    return
                if not isinstance(event, SandboxReady | SandboxFailed):  # those of others
                    yield event


def _root_causes(runs: Iterable[ResourceRun]) -> list[ResourceRun]:
    """Return those that have failed themselves; those that only wait for others where the others are not among `runs`."""
    failures = [run for run in runs if run.failure is not None]
    return [run for run in failures if not run.waits_for_failed] or failures


def _told_together(failures: list[ResourceRun], runs: Iterable[ResourceRun]) -> SandboxError:
    """Return the first failure, with the names of all that are not there."""
    first = failures[0].failure
    if first is None:
        raise ValueError(f"{failures[0].name} has not failed")
    others = [f"{run.name}: {run.failure.message}" for run in failures[1:] if run.failure is not None]
    waiting = [run.name for run in runs if run.waits_for_failed]
    told = first.message + "".join(f"; {other}" for other in others)
    return SandboxError(
        first.code,
        told + (f". Waiting for it: {', '.join(waiting)}" if waiting else ""),
        actions=first.actions,
        retryable=first.retryable,
        detail={**first.detail, "failed": [run.name for run in failures], "waiting": waiting},
    )


def _timed_out(runs: Iterable[ResourceRun], seconds: float) -> SandboxError:
    late = [run for run in runs if not run.is_settled]
    told = "; ".join(
        f"{run.name} is {run.state}" + (f" ({reason})" if (reason := run.last_probe_error or run.reason) else "") for run in late
    )
    return SandboxError(
        ErrorCode.START_TIMED_OUT,
        f"not ready after {seconds:g} s: {told}",
        actions=(*(f"read {run.log_path}" for run in late if run.handle is not None), "give it longer with --timeout"),
        retryable=True,
        detail={
            "resources": {
                run.name: {"state": run.state, "lastProbeError": run.last_probe_error, "logPath": run.log_path} for run in late
            }
        },
    )
