"""Threads of a simulated process, as greenlets on the scheduler: where a thread would block, the others go on in virtual time.

The kit's consumer polls librdkafka in a thread and hands what it gets to the event loop. Here the same code runs, and `poll`,
`join`, `Event.wait`, `time.sleep` and `concurrent.futures.Future.result` switch away instead of blocking.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from simulation.virtual_time import ProcessLoop


class Waiter:
    """One wait of one simulated thread: ends at the first `wake`, or when its time is over."""

    __slots__ = ("_greenlet", "_is_over", "_loop", "_timer")

    def __init__(self, loop: ProcessLoop) -> None:
        self._loop = loop
        self._greenlet = getcurrent()
        self._is_over = False
        self._timer: Any = None

    def wait(self, seconds: float | None) -> None:
        """Let others go on until `wake` or for `seconds`."""
        if self._greenlet is self._loop.scheduler.hub:
            raise RuntimeError(f"{self._loop.name} blocks its event loop: only threads may wait like this")
        if self._is_over:
            return
        if self._loop.scheduler.is_over:
            raise GreenletExit
        if seconds is not None:
            self._timer = self._loop.call_later(seconds, self._time_is_over)
        self._loop.scheduler.hub.switch()

    def end_within(self, seconds: float) -> None:
        """Let the wait last no longer than so many seconds from now."""
        if not self._is_over:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(seconds, self._time_is_over)

    def _time_is_over(self) -> None:
        self._is_over = True
        self._greenlet.switch()

    def wake(self, *_: object) -> None:
        """End the wait."""
        if not self._is_over:
            self._is_over = True
            if self._timer is not None:
                self._timer.cancel()
            self._loop.call_soon(self._greenlet.switch)


def _current_loop() -> ProcessLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ProcessLoop)
    return loop


class SimulatedThread:
    """Stands in for threading.Thread."""

    def __init__(
        self,
        group: None = None,
        target: Callable[..., object] | None = None,
        name: str | None = None,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ) -> None:
        del group
        self.name = name or "thread"
        self.daemon = daemon
        self._call = (target, tuple(args), dict(kwargs or {}))
        self._is_over = False
        self._joining: list[Waiter] = []
        self._loop = _current_loop()
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin with the next turn of the loop."""
        _begin(self._loop, self._run)

    def _run(self) -> None:
        target, args, kwargs = self._call
        try:
            if target is not None:
                target(*args, **kwargs)
        except Exception as error:
            self.failure = error
            self._loop.unhandled.append({"message": f"thread {self.name} ended", "exception": error})
        finally:
            self._is_over = True
            for waiter in self._joining:
                waiter.wake()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        if not self._is_over:
            waiter = Waiter(self._loop)
            self._joining.append(waiter)
            waiter.wait(timeout)

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return not self._is_over


class SimulatedEvent:
    """Stands in for threading.Event."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: list[Waiter] = []
        self._loop = _current_loop()

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Wake all that wait. A thread inside a poll is woken as well: its poll would have ended within milliseconds."""
        self._is_set = True
        for waiter in self._waiting:
            waiter.wake()
        self._waiting.clear()

    def clear(self) -> None:
        """Take it back."""
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set or the time is over."""
        if not self._is_set:
            waiter = Waiter(self._loop)
            self._waiting.append(waiter)
            waiter.wait(timeout)
        return self._is_set


def run_as_thread(loop: ProcessLoop, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
    """Run a function as a simulated thread and give a future for what it returns."""
    found = loop.create_future()

    def body() -> None:
        try:
            result = func(*args)
        except Exception as error:
            if not found.done():
                found.set_exception(error)
        else:
            if not found.done():
                found.set_result(result)

    _begin(loop, body)
    return found


def _begin(loop: ProcessLoop, body: Callable[[], None]) -> None:
    thread = greenlet(body, parent=loop.scheduler.hub)
    thread.gr_context = contextvars.Context()
    loop.threads.append(thread)
    loop.call_soon(thread.switch)


def throw_away(loop: ProcessLoop) -> None:
    """Throw away what a process was at when its history ended: garbage collection sees nothing of a thread that waits, and needs
    three rounds for tasks that do.
    """
    for thread in loop.threads:
        thread.throw()
    for task in loop.tasks:
        with contextlib.suppress(Exception):
            task.get_coro().close()
    loop.threads.clear()
    loop.tasks.clear()


def sleep(seconds: float) -> None:
    """Stand in for time.sleep."""
    Waiter(_current_loop()).wait(seconds)


_result = concurrent.futures.Future.result


def result(self: concurrent.futures.Future[Any], timeout: float | None = None) -> Any:
    """Stand in for concurrent.futures.Future.result in a simulated thread."""
    if not self.done() and isinstance(asyncio._get_running_loop(), ProcessLoop):
        waiter = Waiter(_current_loop())
        self.add_done_callback(waiter.wake)
        waiter.wait(timeout)
    return _result(self, 0)
