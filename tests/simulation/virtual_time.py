"""An asyncio event loop for each simulated process, all of them on one virtual clock.

Nothing sleeps: when no process has anything to do, time jumps to the next timer. One thread runs everything, in an order that
follows from the timers alone, so a history happens again exactly as it happened. A process can stall (its callbacks wait) or die
(its callbacks are dropped where they stand, as `kill -9` would).
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH = 1_800_000_000.0
"""What the wall clock of every process shows when a history begins."""


class OutOfSteps(Exception):
    """A history took more steps than any honest one: something spins without letting time pass."""


class Scheduler:
    """The queue of all that is to happen, in all processes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.current: ProcessLoop | None = None
        self.hub: Any = None  # the greenlet that runs the loops, see threads.py
        self.steps = 0
        self._ready: deque[tuple[ProcessLoop, asyncio.Handle]] = deque()
        self._timers: list[tuple[float, int, ProcessLoop, asyncio.Handle]] = []
        self._count = 0

    def soon(self, loop: ProcessLoop, handle: asyncio.Handle) -> None:
        """Queue a callback behind all that are ready."""
        self._ready.append((loop, handle))

    def at(self, when: float, loop: ProcessLoop, handle: asyncio.Handle) -> None:
        """Queue a callback for a moment."""
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, loop, handle))

    def run(self, is_over: Callable[[], bool], *, most_steps: int) -> None:
        """Run everything until `is_over`. Raises OutOfSteps."""
        ready, timers = self._ready, self._timers
        running: ProcessLoop | None = None
        try:
            while not is_over():
                if not ready:
                    while timers and timers[0][3]._cancelled:
                        heapq.heappop(timers)
                    if not timers:
                        return
                    self.now = max(self.now, timers[0][0])
                    while timers and timers[0][0] <= self.now:
                        _when, _count, loop, handle = heapq.heappop(timers)
                        ready.append((loop, handle))
                for _ in range(len(ready)):
                    loop, handle = ready.popleft()
                    if handle._cancelled or loop.is_dead:
                        continue
                    if loop.stalled is not None:
                        loop.stalled.append(handle)
                        continue
                    if loop is not running:
                        events._set_running_loop(loop)
                        self.current = running = loop
                    handle._run()
                    self.steps += 1
                if self.steps > most_steps:
                    raise OutOfSteps(f"{self.steps} steps by {self.now:.1f} s")
        finally:
            events._set_running_loop(None)
            self.current = None


class ProcessLoop(asyncio.AbstractEventLoop):
    """The event loop of one process. What asyncio and the services ask of a loop, and no more: the rest raises
    NotImplementedError.
    """

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        self.scheduler = scheduler
        self.name = name
        self.is_dead = False
        self.stalled: list[asyncio.Handle] | None = None
        self.clock_offset = 0.0
        self.context: Context | None = None
        """In which callbacks run that bring none of their own; None: in that of whoever asks for them."""
        self.unhandled: list[dict[str, Any]] = []
        self.signal_handlers: dict[int, Callable[[], object]] = {}

    def time(self) -> float:
        return self.scheduler.now

    def wall_time(self) -> float:
        """What `time.time()` shows in this process."""
        return EPOCH + self.scheduler.now + self.clock_offset

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, self.context if context is None else context)
        if not self.is_dead:
            self.scheduler.soon(self, handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.scheduler.now + max(0.0, delay), callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, self.context if context is None else context)
        handle._scheduled = True  # type: ignore[attr-defined]  # asyncio's own mark of a timer that is queued
        if not self.is_dead:
            self.scheduler.at(when, self, handle)
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, T] | Generator[Any, None, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run the function as a simulated thread, which may block while the loop goes on."""
        del executor
        from simulation.threads import run_as_thread

        return run_as_thread(self, func, *args)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.unhandled.append(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.unhandled.append(context)

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        self.signal_handlers[sig] = lambda: callback(*args)

    def remove_signal_handler(self, sig: int) -> bool:
        return self.signal_handlers.pop(sig, None) is not None

    async def shutdown_asyncgens(self) -> None:
        """Nothing to do: a history closes what it opened."""

    def stall(self) -> None:
        """Run nothing of this process until `resume`: SIGSTOP, a long collection of garbage, a suspended laptop."""
        if self.stalled is None:
            self.stalled = []

    def resume(self) -> None:
        """Go on where it stalled."""
        waiting, self.stalled = self.stalled or [], None
        for handle in waiting:
            self.scheduler.soon(self, handle)

    def die(self) -> None:
        """End here and now: nothing of this process runs any more, not even a `finally`."""
        self.is_dead = True

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing to do: cancelled timers are skipped when their time comes."""
