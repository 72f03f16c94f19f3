"""The parts of a running sandbox that may be struck, and signals to their processes and to nobody else's."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
from shop_sandbox.client import SandboxClient
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import ResourceState

from shop_dev.chaos.schedule import Targets
from shop_dev.errors import CliCode, ShopDevError

_CALM = frozenset({ResourceState.READY, ResourceState.DONE})
_NEVER_STRUCK = frozenset({"chaos", "telemetry"})
"""What strikes, and what sees it."""
_LOOK_AGAIN_SECONDS = 0.2
_COMES_BACK_WITHIN_SECONDS = 240.0


class NotOurs(Exception):
    """A process that the sandbox's supervisor has not started, or that is gone."""


@dataclass(frozen=True)
class Parts:
    """Asks the supervisor each time: a part that was killed has another process a moment later."""

    client: SandboxClient

    def targets(self) -> Targets:
        """Return what may be struck now."""
        status = self.client.status(memory=False)
        processes = tuple(one.name for one in status.resources if one.pid is not None and one.name not in _NEVER_STRUCK)
        ways = tuple(sorted(key.partition(".")[2] for key in status.ports if key.startswith("chaos.")))
        return Targets(processes, ways)

    def signalled(self, name: str, number: signal.Signals, *, with_children: bool = False) -> list[psutil.Process]:
        """Send a signal to the process of a part, the parent first; returns who got it. Raises NotOurs."""
        got = []
        for process in self._processes(name, with_children=with_children):
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
            got.append(process)
        return got

    def until_calm(self) -> None:
        """Return when every part is ready; what the supervisor has given up is started again. Raises ShopDevError."""
        deadline = time.monotonic() + _COMES_BACK_WITHIN_SECONDS
        while down := self._down():
            if time.monotonic() > deadline:
                raise ShopDevError(CliCode.SERVICE_UNREACHABLE, f"After the storm {', '.join(down)} did not come back.")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _down(self) -> list[str]:
        resources = self.client.status(memory=False).resources
        given_up = [one.name for one in resources if one.state is ResourceState.FAILED]
        if given_up:
            for _ in self.client.restart(*given_up, timeout_seconds=_COMES_BACK_WITHIN_SECONDS):
                pass
        return [one.name for one in resources if one.is_wanted and one.state not in _CALM]

    def _processes(self, name: str, *, with_children: bool) -> Iterator[psutil.Process]:
        """The process that the supervisor names, if it descends from the supervisor."""
        try:
            status = self.client.status(memory=False)
        except SandboxError as error:
            raise NotOurs(str(error)) from error
        pid = next((one.pid for one in status.resources if one.name == name), None)
        if pid is None:
            raise NotOurs(f"{name} has no process just now")
        try:
            process = psutil.Process(pid)
            if status.supervisor_pid not in {parent.pid for parent in process.parents()}:
                raise NotOurs(f"process {pid} of {name} was not started by this sandbox")
            yield process
            yield from process.children(recursive=True) if with_children else ()
        except psutil.NoSuchProcess as error:
            raise NotOurs(f"{name} has just ended") from error
