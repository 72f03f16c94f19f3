"""The way back: every process ended, every trace of the run removed but its data."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable

from shop_sandbox.engines.handle import Exit
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import SandboxFailed, SandboxStopped
from shop_sandbox.state import remove_all
from shop_sandbox.supervisor.background import BackgroundWork
from shop_sandbox.supervisor.boot import Booted, Seed
from shop_sandbox.supervisor.faults import failed
from shop_sandbox.supervisor.fork_server.starting import Connections
from shop_sandbox.supervisor.start import Starts
from shop_sandbox.supervisor.state_loss import has_lost


class Stopping:
    """Stops a sandbox once, whoever asks for it how often."""

    def __init__(self, seed: Seed, booting: asyncio.Task[Booted], *, before: Callable[[], Awaitable[None]]) -> None:
        self._seed = seed
        self._before = before
        self._condition = seed.condition
        self._booting = booting
        self._task: asyncio.Task[None] | None = None
        self._purge = False
        self._is_started_by: tuple[Booted, Starts, BackgroundWork] | None = None
        self.is_over = asyncio.Event()

    def know(self, booted: Booted, starts: Starts, background: BackgroundWork) -> None:
        """There is something to stop now."""
        self._is_started_by = booted, starts, background

    def begin(self, *, purge: bool = False, failure: SandboxFailed | None = None) -> asyncio.Task[None]:
        """Stop everything; `failure` is why, where nobody asked for it. May be called again, to purge as well."""
        self._purge = self._purge or purge or self._seed.settings.lease is not None
        if self._task is None:
            self._condition.is_stopping = True
            self._condition.failure = self._condition.failure or failure
            self._task = asyncio.create_task(self._stop())  # not from within: stopping cancels those who may have called this
        return self._task

    async def _stop(self) -> None:
        began = time.monotonic()
        await self._before()
        self._booting.cancel()
        await asyncio.gather(self._booting, self._seed.side_tasks.cancel(), return_exceptions=True)
        ends = await self._stop_all(*self._is_started_by) if self._is_started_by is not None else {}
        await asyncio.to_thread(_wait_for_end, self._seed.connections)
        self._seed.settings.paths.ledger.unlink(missing_ok=True)
        if self._purge:
            await asyncio.to_thread(remove_all, self._seed.settings.paths)
        if self._is_started_by is not None:
            _, starts, _ = self._is_started_by
            starts.finish_all(self._condition.failure or _interrupted())
        self._seed.announcements.announce(self._outcome(ends, time.monotonic() - began))
        self.is_over.set()

    async def _stop_all(self, booted: Booted, starts: Starts, background: BackgroundWork) -> dict[str, Exit]:
        await starts.cancel()
        _, ends = await asyncio.gather(background.end(), booted.runs.stop(tuple(booted.runs)))
        for run in booted.runs.values():
            run.close()
        booted.context.processes.close()
        booted.context.ports.close()
        return ends

    def _outcome(self, ends: dict[str, Exit], seconds: float) -> SandboxStopped:
        if self._is_started_by is None or self._seed.stop_order.discard:
            return SandboxStopped(at=time.time(), seconds=seconds)
        booted, _, _ = self._is_started_by
        return SandboxStopped(
            at=time.time(),
            seconds=seconds,
            forced=tuple(sorted(name for name, ended in ends.items() if ended.was_killed)),
            lost=tuple(sorted(name for name, ended in ends.items() if has_lost(booted.runs[name], ended))),
        )


def _interrupted() -> SandboxFailed:
    return failed(SandboxError(ErrorCode.INTERRUPTED, "the sandbox was stopped before it was ready", retryable=True))


def _wait_for_end(connections: Connections) -> None:
    """Reap the spawner, which ends when its connection closes."""
    connections.close()
    with contextlib.suppress(ChildProcessError):
        os.waitpid(connections.spawner_pid, 0)
