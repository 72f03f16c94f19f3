"""The way into a sandbox: start its supervisor or find the one that runs, and talk to it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess  # nosec B404 # starting a program of ours is the task
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import AnyEvent, SandboxStopped
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.supervisor.protocol import (
    AnyRequest,
    Down,
    Follow,
    Refused,
    Reply,
    RequestFinished,
    Restart,
    SandboxState,
    SandboxStatus,
    Status,
    Up,
)
from shop_sandbox.supervisor.settings import SupervisorSettings

_RETRY_SECONDS = 0.02
_UNREACHABLE_AFTER_SECONDS = 20.0
_REPLIES = msgspec.json.Decoder(Reply)
_STATUSES = msgspec.json.Decoder(SandboxStatus | Refused)


class SandboxClient:
    """Talks to the supervisor of one sandbox. Each request has a connection of its own, so any number may run side by side.

    Iterators may be closed early: that ends the listening, not what was asked for. `attached` is False when this client has
    started the sandbox. Ctrl-C during such an `up` should end in `down()`, so that nothing half-started is left; an attached
    client just goes away.
    """

    def __init__(self, paths: SandboxPaths, *, attached: bool) -> None:
        self.paths = paths
        self.attached = attached

    def up(self, resources: tuple[str, ...] = ()) -> Iterator[AnyEvent]:
        """Start resources with what they need, all when none is named. The last event is SandboxReady or SandboxFailed.

        The events of a start that is under way, or was the last one, come from its beginning.
        """
        return self._events(Up(resources=resources))

    def follow(self) -> Iterator[AnyEvent]:
        """Give the state of each resource as it is, then events as they come, until the sandbox has stopped."""
        return self._events(Follow())

    def restart(self, name: str) -> Iterator[AnyEvent]:
        """Restart one resource; ends when it is ready or has failed. Raises SandboxError (RESOURCE_UNKNOWN,
        EMULATOR_STATE_LOST)."""
        return self._events(Restart(resource=name))

    def down(self, *, purge: bool = False, force: bool = False) -> Iterator[AnyEvent]:
        """Stop everything; ends with SandboxStopped, when no process is left. `purge` removes state and logs; `force` waits for
        nobody."""
        try:
            yield from self._events(Down(purge=purge, force=force))
        except SandboxError as error:
            if error.code is not ErrorCode.SUPERVISOR_UNREACHABLE or not _ended_well(self.paths):
                raise
            yield SandboxStopped(at=time.time(), seconds=0.0)  # it was on its way out, and left before it could answer
        _wait_for_lock(self.paths)

    def status(self) -> SandboxStatus:
        """Return everything as it is now. Raises SandboxError (NOT_RUNNING, SUPERVISOR_UNREACHABLE)."""
        with self._ask(Status()) as connection, connection.makefile("rb") as lines:
            line = next(_until_closed(lines), b"")
        if not line:
            raise _went_away(self.paths)
        answer: SandboxStatus | Refused = _STATUSES.decode(line)
        if isinstance(answer, Refused):
            raise _refusal(answer)
        return answer

    def _events(self, request: AnyRequest) -> Iterator[AnyEvent]:
        with self._ask(request) as connection, connection.makefile("rb") as lines:
            for line in _until_closed(lines):
                reply = _REPLIES.decode(line)
                if isinstance(reply, Refused):
                    raise _refusal(reply)
                if isinstance(reply, RequestFinished):
                    return
                yield reply
                if isinstance(reply, SandboxStopped):
                    return
        raise _went_away(self.paths)

    def _ask(self, request: AnyRequest) -> socket.socket:
        connection = _connected(self.paths)
        if connection is None:
            raise _not_running(self.paths)
        with contextlib.suppress(ConnectionError):  # the missing answer tells as much
            connection.sendall(msgspec.json.encode(request) + b"\n")
        return connection


def start_or_attach(settings: SupervisorSettings) -> SandboxClient:
    """Give a client of the sandbox, starting its supervisor when none runs. Of several callers at once exactly one starts it.

    With `settings.reset` a sandbox that runs is stopped first. Raises SandboxError (SUPERVISOR_UNREACHABLE, DISK_FULL).
    """
    paths = settings.paths
    paths.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + _UNREACHABLE_AFTER_SECONDS
    while time.monotonic() < deadline:
        lock = _try_lock(paths)
        if lock is not None:
            _start(settings, lock)
            return SandboxClient(paths, attached=False)
        running = SandboxClient(paths, attached=True)
        if _serves(running):
            if not settings.reset:
                return running
            for _ in running.down():
                pass
        time.sleep(_RETRY_SECONDS)
    raise SandboxError(
        ErrorCode.SUPERVISOR_UNREACHABLE,
        f"the supervisor of sandbox {paths.name} runs, but does not answer at {paths.socket}",
        actions=(f"read {_supervisor_log(paths)}", "end it, and run `shop-dev up` again: it clears away what is left"),
        detail={"socket": str(paths.socket)},
    )


def connect(paths: SandboxPaths) -> SandboxClient:
    """Give a client of a sandbox that runs. Raises SandboxError (NOT_RUNNING)."""
    connection = _connected(paths)
    if connection is None:
        raise _not_running(paths)
    connection.close()
    return SandboxClient(paths, attached=True)


def purge(paths: SandboxPaths) -> Iterator[AnyEvent]:
    """Remove a sandbox that does not run: what it left behind, its state and its logs. Raises SandboxError when it runs."""
    import shutil

    from shop_sandbox.supervisor.sweep import sweep

    paths.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _try_lock(paths)
    if lock is None:
        raise SandboxError(
            ErrorCode.SUPERVISOR_UNREACHABLE,
            f"sandbox {paths.name} runs",
            actions=("`shop-dev down --purge` stops and removes it",),
        )
    try:
        yield from sweep(paths)
        paths.socket.unlink(missing_ok=True)
        shutil.rmtree(paths.root, ignore_errors=True)
    finally:
        os.close(lock)


def _start(settings: SupervisorSettings, lock: int) -> None:
    """Start a supervisor that holds `lock`, detached from this process and its terminal; returns when it can be talked to."""
    paths = settings.paths
    log = _supervisor_log(paths)
    told, telling = os.pipe()
    listening, ready = os.pipe()
    try:
        os.write(telling, msgspec.json.encode(settings))  # a few hundred bytes: a pipe holds them until they are read
        paths.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # its data is nobody else's on this machine
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(  # nosec B603 # this interpreter, and a module of ours
                [sys.executable, "-P", "-m", "shop_sandbox.supervisor", str(lock), str(ready)],
                stdin=told,
                stdout=output,
                stderr=output,
                cwd=settings.checkout,
                env=_environment(settings),
                start_new_session=True,
                pass_fds=(lock, ready),
            )
    except OSError as error:
        os.close(listening)
        raise _cannot_start(error, paths) from error
    finally:
        for descriptor in (told, telling, ready, lock):
            os.close(descriptor)
    with os.fdopen(listening, "rb") as signal_:
        if signal_.read(1) == b"r":
            process.returncode = 0  # detached: nobody here waits for it, and subprocess need not warn
            return
    raise SandboxError(
        ErrorCode.SUPERVISOR_UNREACHABLE,
        f"the supervisor ended before it could be talked to (status {process.wait()})",
        actions=(f"read {log}",),
        detail={"logPath": str(log), "lastLines": log.read_text(errors="replace").splitlines()[-20:]},
    )


def _environment(settings: SupervisorSettings) -> dict[str, str]:
    """What the supervisor gets. Bytecode is kept in the cache: also for a read-only checkout, and whatever the caller does with
    its own."""
    return {**settings.inherited, "PYTHONPYCACHEPREFIX": str(Path(settings.cache_root) / "bytecode")}


def _supervisor_log(paths: SandboxPaths) -> Path:
    return paths.log("supervisor")


def _lock_path(paths: SandboxPaths) -> Path:
    return paths.socket.with_suffix(".lock")


def _try_lock(paths: SandboxPaths) -> int | None:
    """Open the sandbox's lock file and lock it, or None when a supervisor holds it."""
    descriptor = os.open(_lock_path(paths), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _wait_for_lock(paths: SandboxPaths) -> None:
    """Return when the supervisor's process has ended."""
    deadline = time.monotonic() + _UNREACHABLE_AFTER_SECONDS
    while time.monotonic() < deadline:
        lock = _try_lock(paths)
        if lock is not None:
            os.close(lock)
            return
        time.sleep(_RETRY_SECONDS / 4)


def _connected(paths: SandboxPaths) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(paths.socket))
    except (FileNotFoundError, ConnectionError):
        connection.close()
        return None
    return connection


def _serves(client: SandboxClient) -> bool:
    """Return True when a supervisor answers and is not on its way out."""
    try:
        return client.status().state is not SandboxState.STOPPING
    except SandboxError:
        return False


def _until_closed(lines: BinaryIO) -> Iterator[bytes]:
    """Give lines until the other side has closed the connection, in whatever way."""
    with contextlib.suppress(ConnectionError):
        yield from lines


def _ended_well(paths: SandboxPaths) -> bool:
    """Wait for the supervisor's end. True when it has cleared everything away: it removes its ledger last."""
    _wait_for_lock(paths)
    return not paths.ledger.exists()


def _refusal(reply: Refused) -> SandboxError:
    return SandboxError(
        ErrorCode(reply.code), reply.message, actions=reply.actions, retryable=reply.retryable, detail=dict(reply.detail)
    )


def _not_running(paths: SandboxPaths) -> SandboxError:
    flag = "" if paths.name == "default" else f" --name {paths.name}"
    return SandboxError(
        ErrorCode.NOT_RUNNING, f"sandbox {paths.name} is not running", actions=(f"start it with `shop-dev up{flag}`",)
    )


def _went_away(paths: SandboxPaths) -> SandboxError:
    return SandboxError(
        ErrorCode.SUPERVISOR_UNREACHABLE,
        f"the supervisor of sandbox {paths.name} went away in the middle of an answer",
        actions=(f"read {_supervisor_log(paths)}", "run `shop-dev up` again: it clears away what is left"),
    )


def _cannot_start(error: OSError, paths: SandboxPaths) -> SandboxError:
    from shop_sandbox.disk import disk_full

    if error.errno == 28:
        return disk_full(paths.root)
    return SandboxError(
        ErrorCode.SUPERVISOR_UNREACHABLE,
        f"the supervisor cannot be started: {error}",
        actions=(
            f"see to it that {error.filename or paths.root} can be written by you",
            "`shop-dev doctor` looks at what else is wrong",
        ),
        detail={"path": str(paths.root)},
    )
