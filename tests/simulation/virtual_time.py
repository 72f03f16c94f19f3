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
from contextvars import Context, copy_context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH = 1_800_000_000.0
"""What the wall clock of every process shows when a history begins."""


class OutOfSteps(Exception):
    """A history took more steps than any honest one: something spins without letting time pass."""


class Step(asyncio.TimerHandle):
    """A callback in the queue, without what asyncio notes for debugging: that costs more than many a step."""

    __slots__ = ()
    _loop: ProcessLoop

    def __init__(  # all that a handle has, set here
        self, callback: Callable[..., object], args: tuple[Any, ...], loop: ProcessLoop, context: Context | None, when: float
    ) -> None:
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._when = when
        self._cancelled = False
        self._scheduled = False
        self._repr = None
        self._source_traceback = None

    def cancel(self) -> None:
        self._cancelled = True
        self._callback = self._args = None  # type: ignore[assignment]  # as in asyncio: what it held is let go


class Scheduler:
    """The queue of all that is to happen, in all processes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.current: ProcessLoop | None = None
        self.hub: Any = None  # the greenlet that runs the loops, see threads.py
        self.is_over = False
        self.steps = 0
        self.ready: deque[Step] = deque()
        self._timers: list[tuple[float, int, Step]] = []
        self._count = 0

    def at(self, step: Step) -> None:
        """Queue a step for its moment."""
        self._count += 1
        heapq.heappush(self._timers, (step._when, self._count, step))

    def end(self) -> None:
        """Forget all that is still to happen."""
        self.is_over = True
        self.ready.clear()
        self._timers.clear()

    def run(self, is_over: Callable[[], bool], *, most_steps: int) -> None:
        """Run everything until `is_over`. Raises OutOfSteps."""
        ready, timers = self.ready, self._timers
        running: ProcessLoop | None = None
        try:
            while not is_over():
                if not ready:
                    while timers and timers[0][2]._cancelled:
                        heapq.heappop(timers)
                    if not timers:
                        return
                    self.now = max(self.now, timers[0][0])
                    while timers and timers[0][0] <= self.now:
                        ready.append(heapq.heappop(timers)[2])
                for _ in range(len(ready)):
                    step = ready.popleft()
                    loop = step._loop
                    if step._cancelled or loop.is_dead:
                        continue
                    if loop.stalled is not None:
                        loop.stalled.append(step)
                        continue
                    if loop is not running:
                        events._set_running_loop(loop)
                        self.current = running = loop
                    self.steps += 1
                    try:
                        step._context.run(step._callback, *step._args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:  # as asyncio's own handles do
                        loop.call_exception_handler({"message": f"a callback failed: {step}", "exception": error})
                    if loop.awaits_step:
                        loop.has_stepped(self.steps)
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
        self.stalled: list[Step] | None = None
        self.clock_offset = 0.0
        self.context: Context | None = None
        """In which callbacks run that bring none of their own; None: in that of whoever asks for them."""
        self.threads: list[Any] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.awaits_step: list[tuple[int, Callable[[], object]]] = []
        self.unhandled: list[dict[str, Any]] = []
        self.signal_handlers: dict[int, Callable[[], object]] = {}

    def time(self) -> float:
        return self.scheduler.now

    def wall_time(self) -> float:
        """What `time.time()` shows in this process."""
        return EPOCH + self.scheduler.now + self.clock_offset

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Step:
        step = Step(callback, args, self, self.context if context is None else context, 0.0)
        if not self.is_dead:
            self.scheduler.ready.append(step)
        return step

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Step:
        when = self.scheduler.now + delay if delay > 0.0 else self.scheduler.now
        step = Step(callback, args, self, self.context if context is None else context, when)
        if not self.is_dead:
            self.scheduler.at(step)
        return step

    def call_at(self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Step:
        step = Step(callback, args, self, self.context if context is None else context, when)
        if not self.is_dead:
            self.scheduler.at(step)
        return step

    def at_next_step(self, callback: Callable[[], object]) -> None:
        """Call back behind the next step of this process, the one that runs now left aside."""
        self.awaits_step.append((self.scheduler.steps, callback))

    def has_stepped(self, step: int) -> None:
        """Call back who asked for it before this step."""
        asked, self.awaits_step = self.awaits_step, []
        for asked_at, callback in asked:
            if asked_at < step:
                callback()
            else:
                self.awaits_step.append((asked_at, callback))

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, T] | Generator[Any, None, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self.tasks.append(task)
        return task

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
        self.scheduler.ready.extend(waiting)

    def die(self) -> None:
        """End here and now: nothing of this process runs any more, not even a `finally`."""
        self.is_dead = True
