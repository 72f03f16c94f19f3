"""What all parts of a running sandbox share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from shop_sandbox.engines.handle import Exit, StopOrder
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import SandboxFailed
from shop_sandbox.run_context import RunContext
from shop_sandbox.state import DataIdentity
from shop_sandbox.supervisor.announcements import Announcements
from shop_sandbox.supervisor.changes import Changes
from shop_sandbox.supervisor.ports import Ports
from shop_sandbox.supervisor.processes import Processes


@dataclass
class Condition:
    """How the sandbox as a whole is doing, beside the states of its resources."""

    failure: SandboxFailed | None = None
    """What keeps the whole sandbox from working, until it is reset or stopped."""
    is_stopping: bool = False
    has_started: bool = False
    """True once a start has come to an end that leaves the sandbox running."""
    warnings: dict[str, str] = field(default_factory=dict)
    """Troubles of the sandbox itself, by what they are about."""


class SideTasks:
    """Work that nobody waits for, until the sandbox stops."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Run it beside everything else."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self) -> None:
        """End all of it; returns when it has ended. The task that calls is spared."""
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class SandboxContext:
    """What the resources of a sandbox, and those who care for them, share once it has booted."""

    run: RunContext
    processes: Processes
    ports: Ports
    identity: DataIdentity
    announcements: Announcements
    changes: Changes
    condition: Condition
    side_tasks: SideTasks
    stop_order: StopOrder
    on_death: Callable[[str, Exit], SandboxError | None]
    """Hears of each end of a process that was not asked for, or that lost data; gives an error when it must not be started
    again."""
