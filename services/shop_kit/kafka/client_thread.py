"""The one thread that may call a consumer's client, seen from the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class ClientThread(Protocol):
    """Runs blocking calls away from the loop, one after another, and lets them wait for work in the loop."""

    async def call(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread and return what it returns. Called in the loop."""
        ...

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and return what it returns. Called in the thread, from within `call`."""
        ...

    def end(self) -> None:
        """Let the thread end when it has done what it was given."""
        ...


class DaemonThread:
    """A ClientThread that never keeps the process from ending: a client that hangs at its close is left behind."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: deque[Callable[[], None]] = deque()
        self._is_called = threading.Event()
        self._is_over = False
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    async def call(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread. Cancelled, it goes on there and its outcome is dropped."""
        outcome: Future[T] = Future()

        def do() -> None:
            if not outcome.set_running_or_notify_cancel():
                return
            try:
                outcome.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to who waits for it
                outcome.set_exception(error)

        self._calls.append(do)
        self._is_called.set()
        return await asyncio.wrap_future(outcome)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def end(self) -> None:
        """End when all is done."""
        self._is_over = True
        self._is_called.set()

    def _serve(self) -> None:
        while self._calls or not self._is_over:
            self._is_called.wait()
            self._is_called.clear()
            while self._calls:
                self._calls.popleft()()
