"""The parts of a service that run as long as it does: one that ends ends the service.

Each component that works in the background (the outbox's publisher, the consumer's reader, a sweeper) is a context manager that
runs its tasks here, in an `asyncio.TaskGroup` around whatever uses it. A task that fails cancels what is inside, and its error
leaves the block in an ExceptionGroup; so the process ends, and whoever runs it starts it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from shop_kit.errors import KitError

Work = Callable[[], Coroutine[Any, Any, None]]


class PartEnded(KitError):
    """A part that works as long as the service runs has returned."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the part {name} has ended while the service was running")


class Parts:
    """Tasks of one group."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._lasting: dict[str, asyncio.Task[None]] = {}
        self._begun: set[asyncio.Task[None]] = set()
        self._are_ending = False

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a piece of work that may end; when it fails, all parts end with it."""
        task = self._group.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task

    async def finish(self, name: str, *, seconds: float) -> None:
        """Wait until a part that was told to stop has returned, at most `seconds`."""
        self._are_ending = True
        await asyncio.wait([self._lasting[name]], timeout=seconds)

    def last(self, name: str, work: Work) -> None:
        """Run a part that must not end before `cancel`."""
        self._lasting[name] = self._group.create_task(self._lasts(name, work), name=name)

    def cancel(self) -> None:
        """End all parts where they stand."""
        self._are_ending = True
        for task in (*self._lasting.values(), *self._begun):
            task.cancel()

    async def _lasts(self, name: str, work: Work) -> None:
        await work()
        if not self._are_ending:
            raise PartEnded(name)


@asynccontextmanager
async def running(**parts: Work) -> AsyncIterator[Parts]:
    """Run parts beside the block and cancel them at its end. One that fails or returns before cancels the block.

    Raises ExceptionGroup with what the parts raised, or PartEnded; what the block raises leaves it as it is.
    """
    own_failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        under_way = Parts(group)
        for name, work in parts.items():
            under_way.last(name, work)
        try:
            yield under_way
        except Exception as error:  # noqa: BLE001 - raised again below: the group would wrap it
            own_failure = error
        finally:
            under_way.cancel()
    if own_failure is not None:
        raise own_failure
