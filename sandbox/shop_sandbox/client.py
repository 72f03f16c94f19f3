"""The way into a sandbox: start its supervisor or find the one that runs, and talk to it."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shop_sandbox import ending, ownership
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import AnyEvent, SandboxStopped
from shop_sandbox.ownership import Lock
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.supervisor.protocol import (
    PROTOCOL,
    AnyRequest,
    Describe,
    Down,
    Events,
    Follow,
    Join,
    Leave,
    Ping,
    ProcessDescription,
    Refused,
    Reply,
    RequestFinished,
    Restart,
    SandboxState,
    SandboxStatus,
    Status,
    Stop,
    Swap,
    Up,
)

if TYPE_CHECKING:
    from shop_sandbox.supervisor.settings import Guest, SupervisorSettings

_RETRY_SECONDS = 0.02
_READ_BYTES = 1 << 16
_UNREACHABLE_AFTER_SECONDS = 20.0
QUIET_SECONDS = 4.0
"""After this long without a word the supervisor is asked whether it is still there."""
_LONGEST_PURGE_SECONDS = 60.0
ANSWERS_WITHIN_SECONDS = 6.0
"""Enough for a supervisor on a machine with far too much to do; one that is frozen never answers."""
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

    def up(
        self,
        resources: tuple[str, ...] = (),
        *,
        without: tuple[str, ...] = (),
        timeout_seconds: float | None = None,
        atomic: bool = False,
    ) -> Iterator[AnyEvent]:
        """Start resources with what they need, all when none is named. The last event is SandboxReady or SandboxFailed.

        The events of a start that is under way come from its beginning. See `protocol.Up` for the terms.
        """
        return self._events(Up(resources=resources, without=without, timeout_seconds=timeout_seconds, atomic=atomic))

    def join(
        self,
        guest: Guest,
        resources: tuple[str, ...] = (),
        *,
        without: tuple[str, ...] = (),
        timeout_seconds: float | None = None,
        atomic: bool = False,
    ) -> Iterator[AnyEvent]:
        """Run services of another checkout here, all of its own when none is named. The last event is SandboxReady or
        SandboxFailed.

        Raises SandboxError (JOIN_REFUSED, MANIFEST_INVALID, PORT_TAKEN, RESOURCE_UNKNOWN); nothing has changed then.
        """
        return self._events(Join(guest=guest, resources=resources, without=without, timeout_seconds=timeout_seconds, atomic=atomic))

    def leave(self, checkout: Path) -> Iterator[AnyEvent]:
        """Stop what runs for another checkout alone. Raises SandboxError (JOIN_REFUSED)."""
        return self._events(Leave(checkout=str(checkout)))

    def follow(self) -> Iterator[AnyEvent]:
        """Give the state of each resource as it is, then events as they come, until the sandbox has stopped."""
        return self._events(Follow())

    def events(self, *, since: float = 0.0, follow: bool = False) -> Iterator[AnyEvent]:
        """Give the newest events from `since` on, and with `follow` those that come until the sandbox has stopped."""
        return self._events(Events(since=since, follow=follow))

    def restart(self, *names: str, timeout_seconds: float | None = None) -> Iterator[AnyEvent]:
        """Start these anew. The last event is SandboxReady or SandboxFailed. Raises SandboxError (RESOURCE_UNKNOWN,
        EMULATOR_STATE_LOST)."""
        return self._events(Restart(resources=names, timeout_seconds=timeout_seconds))

    def stop(self, *names: str, dependents: bool = False) -> Iterator[AnyEvent]:
        """Stop these and leave the rest; ends when they have stopped. Raises SandboxError (RESOURCE_UNKNOWN)."""
        return self._events(Stop(resources=names, dependents=dependents))

    def describe(self, name: str) -> ProcessDescription:
        """Return how the process of a service is started: its environment above all. Raises SandboxError (RESOURCE_UNKNOWN,
        SWAP_REFUSED)."""
        for line in self._lines(Describe(resource=name)):
            reply = _REPLIES.decode(line)
            if isinstance(reply, Refused):
                raise _refusal(reply)
            if isinstance(reply, ProcessDescription):
                return reply
        raise _went_away(self.paths)

    def swap(self, name: str, *, timeout_seconds: float = 60.0) -> Generator[ProcessDescription | AnyEvent, None, None]:
        """Make room for a process of the caller in the place of a service; gives how to start it as soon as its ports are
        free, then
        the events of the resource. Closing the iterator swaps back: end that process first. Raises SandboxError (RESOURCE_UNKNOWN,
        SWAP_REFUSED, START_TIMED_OUT)."""
        for line in self._lines(Swap(resource=name, timeout_seconds=timeout_seconds)):
            reply = _REPLIES.decode(line)
            if isinstance(reply, Refused):
                raise _refusal(reply)
            if isinstance(reply, RequestFinished):
                return
            yield reply
        raise _went_away(self.paths)

    def down(self, *, purge: bool = False, force: bool = False) -> Iterator[AnyEvent]:
        """Stop everything; ends with SandboxStopped, when no process is left. `purge` removes state and logs; `force` waits for
        nobody."""
        try:
            yield from self._events(Down(purge=purge, force=force))
        except SandboxError as error:
            if error.code is not ErrorCode.SUPERVISOR_UNREACHABLE or not _ended_well(self.paths):
                raise
            yield SandboxStopped(at=time.time(), seconds=0.0)  # it was on its way out, and left before it could answer
        ending.wait_for_end(self.paths)

    def status(self, *, memory: bool = True) -> SandboxStatus:
        """Return everything as it is now; much quicker without `memory`. Raises SandboxError (NOT_RUNNING,
        SUPERVISOR_UNREACHABLE)."""
        for line in self._lines(Status(memory=memory)):
            answer: SandboxStatus | Refused = _STATUSES.decode(line)
            if isinstance(answer, Refused):
                raise _refusal(answer)
            return answer
        raise _went_away(self.paths)

    def ping(self) -> None:
        """Return when the supervisor has answered, whatever else it does. Raises SandboxError (NOT_RUNNING,
        SUPERVISOR_UNREACHABLE)."""
        with _connected(self.paths, seconds=ANSWERS_WITHIN_SECONDS) as connection:
            try:
                connection.sendall(msgspec.json.encode(Ping()) + b"\n")
                if connection.recv(_READ_BYTES):
                    return
            except TimeoutError as error:
                raise ownership.frozen(self.paths) from error
            except ConnectionError:
                pass
        raise _went_away(self.paths)

    def _events(self, request: AnyRequest) -> Iterator[AnyEvent]:
        for line in self._lines(request):
            reply = _REPLIES.decode(line)
            if isinstance(reply, Refused):
                raise _refusal(reply)
            if isinstance(reply, RequestFinished):
                return
            if isinstance(reply, ProcessDescription):
                continue
            yield reply
            if isinstance(reply, SandboxStopped):
                return
        raise _went_away(self.paths)

    def _lines(self, request: AnyRequest) -> Iterator[bytes]:
        """Give the lines of the answer until the other side has closed the connection, in whatever way.

        An answer may take its time, but not the supervisor: when nothing was heard for a while, it must answer a ping.
        """
        owner = ownership.last_owner(self.paths)
        with _connected(self.paths, seconds=QUIET_SECONDS) as connection:
            rest, quiet_since = b"", time.monotonic()
            with contextlib.suppress(ConnectionError):
                connection.sendall(msgspec.json.encode(request) + b"\n")
            while True:
                try:
                    received = connection.recv(_READ_BYTES)
                except TimeoutError:
                    self._expect_answers(owner, quiet_since)
                    continue
                except ConnectionError:
                    return
                if not received:
                    return
                quiet_since = time.monotonic()
                *lines, rest = (rest + received).split(b"\n")
                yield from lines

    def _expect_answers(self, owner: ownership.Owner | None, quiet_since: float) -> None:
        """Raise SandboxError unless the supervisor still answers. One that purges has removed the way to it with its folder, and
        may take a while for the rest."""
        try:
            self.ping()
        except SandboxError as error:
            has_left = error.code is ErrorCode.NOT_RUNNING
            if has_left and (owner is None or not owner.supervisor.runs):
                return  # it has ended meanwhile: what it said last is still to be read
            if not has_left or time.monotonic() - quiet_since > _LONGEST_PURGE_SECONDS:
                raise


def start_or_attach(settings: SupervisorSettings, *, insists_on_engine: bool = False) -> SandboxClient:
    """Give a client of the sandbox, starting its supervisor when none runs. Of several callers at once exactly one starts it.

    With `settings.reset` a sandbox that runs is stopped first. Who insists on the engine is refused one that runs with another.
    Raises SandboxError (SUPERVISOR_UNREACHABLE, DISK_FULL, FOLDER_UNUSABLE, SUPERVISOR_OF_ANOTHER_VERSION, ENGINE_REFUSED).
    """
    paths = settings.paths
    deadline = time.monotonic() + _UNREACHABLE_AFTER_SECONDS
    while time.monotonic() < deadline:
        ownership.make_home(paths)
        with contextlib.suppress(FileNotFoundError):  # a purge has just removed the folder: make it again
            lock = ownership.try_lock(paths)
            if lock is not None:
                _start(settings, lock)
                return SandboxClient(paths, attached=False)
        running = SandboxClient(paths, attached=True)
        if settings.reset:
            for _ in stop(paths):
                pass
        elif (serving := _serves(running)) is not None:
            if insists_on_engine:
                _expect_engine(serving, settings)
            return running
        time.sleep(_RETRY_SECONDS)
    raise ownership.frozen(paths)


def connect(paths: SandboxPaths) -> SandboxClient:
    """Give a client of a sandbox that runs. Raises SandboxError (NOT_RUNNING, SUPERVISOR_OF_ANOTHER_VERSION)."""
    _connected(paths, seconds=ANSWERS_WITHIN_SECONDS).close()
    return SandboxClient(paths, attached=True)


def stop(paths: SandboxPaths, *, purge: bool = False) -> Iterator[AnyEvent]:
    """Stop a sandbox that runs, whichever version of shop-dev has started it; ends with SandboxStopped, when no process is left.

    Raises SandboxError (NOT_RUNNING, SUPERVISOR_UNREACHABLE).
    """
    try:
        client = connect(paths)
    except SandboxError as error:
        if error.code is not ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION:
            raise
        yield from ending.stop_by_signal(paths, purge=purge)
        return
    yield from client.down(purge=purge)


def _start(settings: SupervisorSettings, lock: Lock) -> None:
    """Start a supervisor that holds `lock`, detached from this process and its terminal; returns when it can be talked to."""
    import subprocess  # nosec B404 # starting a program of ours is the task; `status` need not load it

    paths = settings.paths
    log = ownership.supervisor_log(paths)
    told, telling = os.pipe()
    listening, ready = os.pipe()
    try:
        os.write(telling, msgspec.json.encode(settings))  # a few hundred bytes: a pipe holds them until they are read
        if settings.lease is not None:
            from shop_sandbox.evidence import Evidence  # few sandboxes are leased, and it takes longer to load than `status`

            Evidence(Path(settings.lease.evidence)).lay_out(paths)
        log.parent.mkdir(exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(  # nosec B603 # this interpreter, and a module of ours
                [sys.executable, "-P", "-m", "shop_sandbox.supervisor", str(lock.descriptor), str(ready)],
                stdin=told,
                stdout=output,
                stderr=output,
                cwd=settings.checkout,
                env=_environment(settings),
                start_new_session=True,
                pass_fds=(lock.descriptor, ready),
            )
    except OSError as error:
        os.close(listening)
        raise ownership.unusable(paths.root, error) from error
    finally:
        for descriptor in (told, telling, ready, lock.descriptor):
            os.close(descriptor)
    with os.fdopen(listening, "rb") as answer:
        said = answer.read()
    if said:
        process.returncode = 0  # detached: nobody here waits for it, and subprocess need not warn
        reply = msgspec.json.decode(said, type=RequestFinished | Refused)
        if isinstance(reply, Refused):
            raise _refusal(reply)
        return
    raise SandboxError(
        ErrorCode.SUPERVISOR_UNREACHABLE,
        f"the supervisor ended before it could be talked to (status {process.wait()})",
        actions=(f"read {log}",),
        detail={"logPath": str(log), "lastLines": log.read_text(errors="replace").splitlines()[-20:]},
    )


def _environment(settings: SupervisorSettings) -> dict[str, str]:
    from shop_sandbox import bytecode

    # Each arena of malloc keeps what threads have given back: two suffice for many threads that mostly wait, and hold 11 MiB less.
    return {**settings.inherited, "PYTHONPYCACHEPREFIX": str(bytecode.prefix(settings.cache)), "MALLOC_ARENA_MAX": "2"}


def _connected(paths: SandboxPaths, *, seconds: float) -> socket.socket:
    """Connect to the supervisor that the owner record names; every call of the connection ends within `seconds`.

    Raises SandboxError (NOT_RUNNING, SUPERVISOR_UNREACHABLE, SUPERVISOR_OF_ANOTHER_VERSION).
    """
    owner = ownership.owner_of(paths)
    if owner is None or not owner.supervisor.runs:
        raise ownership.not_running(paths)
    if owner.protocol != PROTOCOL:
        raise ownership.of_another_version(paths)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(seconds)
    try:
        connection.connect(owner.socket)
    except (FileNotFoundError, ConnectionError) as error:
        connection.close()
        raise ownership.not_running(paths) from error
    except PermissionError as error:
        connection.close()
        raise ownership.unusable(paths.root, error) from error
    except (TimeoutError, BlockingIOError) as error:  # its backlog is full: it has taken nobody in for long
        connection.close()
        raise ownership.frozen(paths) from error
    return connection


def _serves(client: SandboxClient) -> SandboxStatus | None:
    """Return what a supervisor answers that is not on its way out. Raises SandboxError when it never will."""
    try:
        status = client.status(memory=False)
    except SandboxError as error:
        if error.code is ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION or "frozen" in error.detail:
            raise
        return None
    return status if status.state is not SandboxState.STOPPING else None


def _expect_engine(status: SandboxStatus, settings: SupervisorSettings) -> None:
    if (status.engine, status.engines) == (settings.engine, settings.engines):
        return
    flag, runs, asked = settings.paths.flag, _told(status.engine, status.engines), _told(settings.engine, settings.engines)
    raise SandboxError(
        ErrorCode.ENGINE_REFUSED,
        f"sandbox {status.name} runs with {runs}, not with {asked}",
        actions=(
            f"`shop-dev up --engine {status.engine}{flag}` goes on with what runs",
            f"`shop-dev up --engine {settings.engine} --name {settings.engine}` starts another sandbox beside it",
            f"`shop-dev down{flag}`, then `shop-dev up --engine {settings.engine} --reset{flag}`: its stores begin empty",
        ),
        detail={"runsWith": status.engine, "askedFor": settings.engine},
    )


def _told(engine: str, engines: dict[str, str]) -> str:
    others = ", ".join(f"{name} {one}" for name, one in sorted(engines.items()))
    return f"engine {engine}" + (f" ({others})" if others else "")


def _ended_well(paths: SandboxPaths) -> bool:
    """Wait for the supervisor's end. True when it has cleared everything away: it removes its ledger last."""
    ending.wait_for_end(paths)
    return not paths.ledger.exists()


def _refusal(reply: Refused) -> SandboxError:
    return SandboxError(
        ErrorCode(reply.code), reply.message, actions=reply.actions, retryable=reply.retryable, detail=dict(reply.detail)
    )


def _went_away(paths: SandboxPaths) -> SandboxError:
    return SandboxError(
        ErrorCode.SUPERVISOR_UNREACHABLE,
        f"the supervisor of sandbox {paths.name} went away in the middle of an answer",
        actions=(f"read {ownership.supervisor_log(paths)}", f"run `shop-dev up{paths.flag}` again: it clears away what is left"),
    )
