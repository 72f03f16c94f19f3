"""What a launch gives: a handle to something that runs, be it a process, a container, or nothing of ours at all."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Exit:
    """How something ended: by itself with a code, or by a signal. `reason` is why it was ended, where somebody knows."""

    code: int | None
    signal: int | None
    reason: str | None = None

    @property
    def well(self) -> bool:
        return self.code == 0

    @property
    def was_killed(self) -> bool:
        """True where it had no say in its end."""
        return self.signal == signal.SIGKILL

    def __str__(self) -> str:
        if self.reason is not None:
            return self.reason
        if self.signal is not None:
            return f"killed by {signal.Signals(self.signal).name}"
        return f"exited with status {self.code}"


@dataclass
class StopOrder:
    """How urgent the stops of a sandbox are. They may become more urgent while they are under way.

    `forced`: wait for nobody but for what is saving. `discard`: the data is thrown away, so nobody need save it.
    """

    forced: asyncio.Event = field(default_factory=asyncio.Event)
    discard: bool = False


class Handle(Protocol):
    """Something that runs for a resource. It belongs to the supervisor's event loop."""

    @property
    def ended(self) -> asyncio.Future[Exit]:
        """Done when it runs no more, and nothing that it has started either."""
        ...

    @property
    def pid(self) -> int | None:
        """Return the process of this machine that leads its group; None where there is none."""
        ...

    async def stop(self, order: StopOrder) -> Exit:
        """Ask it to end, wait its grace, then force it. Returns when nothing of it is left, with how it ended."""
        ...

    async def kill(self) -> Exit:
        """End it at once: for work whose loss is no loss."""
        ...

    def memory_bytes(self) -> int | None:
        """Return what it uses, where `pid` does not tell; blocking."""
        ...


class Output(Protocol):
    """Where what it prints goes."""

    def write(self, output: bytes) -> None:
        """Keep the whole lines of `output`; the rest waits for its end."""
        ...

    def finish(self) -> None:
        """A last line without an end is a line as well."""
        ...


class ProcessLaunch(Protocol):
    """A process of this machine, as the supervisor's own way of starting one takes it.

    `stop_grace_seconds` is how long it may take to end once `stop_signal` has come; with `saves_at_stop` it may take longer for as
    long as it makes progress. `death_signal` is what the kernel sends it when the supervisor dies: SIGTERM for stores that must
    save, else SIGKILL.
    """

    @property
    def environment(self) -> Mapping[str, str]: ...
    @property
    def cwd(self) -> Path: ...
    @property
    def stop_signal(self) -> signal.Signals: ...
    @property
    def stop_grace_seconds(self) -> float: ...
    @property
    def death_signal(self) -> signal.Signals: ...
    @property
    def saves_at_stop(self) -> bool: ...


class Host(Protocol):
    """What the supervisor offers to a launch: the means to start something that nobody can lose."""

    @property
    def resource(self) -> str:
        """The name of the resource it is for."""
        ...

    @property
    def output(self) -> Output:
        """Return where what it prints goes; call it from the event loop."""
        ...

    async def start_process(self, launch: ProcessLaunch, *, hand_over: str | None = None) -> Handle:
        """Start a process of this machine in a group of its own; `hand_over` names the port whose listening socket it gets.

        Its first own instruction is executed only after the ledger on disk has it. Raises SandboxError (DISK_FULL, RESOURCE_DIED).
        """
        ...

    def record(self, sweeper: str, proof: Mapping[str, str]) -> None:
        """Write into the ledger what is about to be started, before it is.

        If the supervisor dies, the next start calls `sweeper` (`package.module:function`) with `proof`: it ends what that proves to
        be ours, if it still runs, and returns in words what it ended, or None. Raises SandboxError (DISK_FULL).
        """
        ...

    def let_bind(self) -> None:
        """Let something that is not started by `start_process` bind the resource's ports by itself."""
        ...


class Launch(Protocol):
    """How a resource comes to run: data, and the way to bring it to life."""

    async def start(self, host: Host) -> Handle:
        """Bring it to life. Raises SandboxError."""
        ...
