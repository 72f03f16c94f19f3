"""One `swap` from the caller's side: a process of the developer's in the place of a service, for as long as it runs."""

from __future__ import annotations

import signal
import subprocess  # nosec B404 # running the developer's own command is the task
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from shop_sandbox.errors import SandboxError
from shop_sandbox.events import ResourceState

from shop_dev import sandbox
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.output.sinks import Sink
from shop_dev.project import Project

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient

_FROM_THE_TERMINAL = ("PATH", "TERM", "COLORTERM", "DISPLAY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK")
"""What a debugger needs of the terminal it is started in; everything else is the service's."""
_STDERR = 2
_LOOK_EVERY_SECONDS = 0.2
_GRACE_SECONDS = 10.0


def swap_service(project: Project, service: str, command: tuple[str, ...], *, sink: Sink, frees_stdout: bool) -> int:
    """Run `command` (the service's own where it is empty) in the place of a service, where that would run; return its exit status.

    With `frees_stdout` what it prints goes to stderr. Raises SandboxError (resource_unknown, swap_refused, start_timed_out),
    ShopDevError (usage_invalid) where the command cannot be started.
    """
    from shop_sandbox.supervisor.protocol import ProcessDescription

    client = sandbox.connect(project)
    with closing(client.swap(service)) as events:
        described = next(events)
        if not isinstance(described, ProcessDescription):
            raise TypeError(f"the supervisor answered a swap with {type(described).__name__}")
        environment = {**described.environment, **_of_the_terminal(project.shell_variables)}
        output = _STDERR if frees_stdout else None
        try:
            process = subprocess.Popen(  # nosec B603 # as above
                command or described.argv, cwd=described.cwd, env=environment, stdout=output
            )
        except OSError as error:
            program = (command or described.argv)[0]
            raise ShopDevError(
                CliCode.USAGE_INVALID,
                f"{program} cannot be started in {described.cwd}, where {service} runs: {error.strerror}.",
            ) from error
        sink.say(f"Your process (pid {process.pid}) takes the place of {service}; Ctrl-C ends it, and {service} comes back.")
        with _handing_signals_on(process):
            return _until_ended(process, client, service, sink)


def _until_ended(process: subprocess.Popen[bytes], client: SandboxClient, service: str, sink: Sink) -> int:
    """Wait for the process, and say once that it answers as the service would."""
    while _state(client, service) is not ResourceState.READY:
        try:
            return process.wait(timeout=_LOOK_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    sink.say(f"{service} is ready: your process answers.")
    return process.wait()


def _state(client: SandboxClient, service: str) -> ResourceState | None:
    try:
        return next((one.state for one in client.status(memory=False).resources if one.name == service), None)
    except SandboxError:  # stopped meanwhile: the process decides itself whether it goes on
        return None


@contextmanager
def _handing_signals_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave Ctrl-C to the process, which the terminal signals as well, and hand on what only this one hears. At the end the
    process is gone, whatever happened."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _of_the_terminal(shell_variables: Mapping[str, str]) -> dict[str, str]:
    return {name: shell_variables[name] for name in _FROM_THE_TERMINAL if name in shell_variables}
