"""The seam between the supervisor and what it runs.

A driver knows one kind of resource in one engine: how to prepare, start and probe it. It says by a launch how a resource comes to
run; the supervisor brings that to life and owns the handle it gets (`shop_sandbox.engines.handle`).
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shop_sandbox.engines.handle import Handle, Host, Launch
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext


@dataclass(frozen=True)
class ExecLaunch:
    """Start a program. For the fields see `ProcessLaunch`."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_seconds: float = 10.0
    death_signal: signal.Signals = signal.SIGKILL
    saves_at_stop: bool = False

    async def start(self, host: Host) -> Handle:
        return await host.start_process(self)


@dataclass(frozen=True)
class ForkLaunch:
    """Call `target` (`package.module:function`) in a child of the preloaded fork server. For the other fields see `ProcessLaunch`.

    The port named in `inherit_listener` is handed over as a bound, listening socket: its number is in the environment as
    `SHOP_LISTEN_FD`. So a restart of the service never refuses a connection: it waits in the backlog.
    """

    target: str
    environment: Mapping[str, str]
    cwd: Path
    inherit_listener: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_seconds: float = 10.0
    death_signal: signal.Signals = signal.SIGKILL
    saves_at_stop: bool = False

    async def start(self, host: Host) -> Handle:
        return await host.start_process(self, hand_over=self.inherit_listener)


class Driver(Protocol):
    """How one kind of resource runs."""

    loses_state_when_killed: bool
    """True where SIGKILL loses acknowledged data, as with an emulator in a container that keeps everything in memory (LocalStack
    without an account): the supervisor then never restarts it silently."""
    takes_files_on_trust: bool
    """True where a death at the start may come from files it was given: it is rechecked and tried once more. A service that dies at
    its start has a mistake in it, and trying again only hides that."""

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Do what must be there before the start (a formatted directory, a verified jar). Blocking, idempotent, called in a thread.

        Raises SandboxError.
        """
        ...

    def launch(self, resource: Resource, context: RunContext) -> Launch:
        """Say how to start it. Pure: called for each start and restart."""
        ...

    def probe(self, resource: Resource, context: RunContext) -> None:
        """Return if the resource does its real work now, else raise NotReady. Blocking, under 2 s, called in a thread.

        May leave traces only in places kept for probes.
        """
        ...

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Check in full what `prepare` takes on trust (downloads, an AOT cache), and drop what is bad: `prepare` repairs it.

        Called in a thread when the process died before it was ready, before the next try. Raises SandboxError where nothing helps.
        """
        ...

    def background(self, resource: Resource, context: RunContext) -> Launch | None:
        """Name work worth doing once the sandbox is ready and idle (training an AOT cache), or None.

        Runs at low priority; the sandbox neither waits for it nor fails with it, and `down` ends it.
        """
        ...
