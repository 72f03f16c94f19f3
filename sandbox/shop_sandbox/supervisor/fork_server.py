"""The parent of every process of a sandbox: a small, single-threaded program that forks on request.

There are two of them, both forked from the supervisor's first lines, before it has threads. The *spawner* has imported next to
nothing and starts programs. Its child, the *nursery*, has imported the third-party modules of the Python children, and calls a
function in a fork of itself. Where forking such a process is unsafe (`Platform.forks_preloaded`), the spawner starts those by exec.

Why not `multiprocessing`'s forkserver: docs/adr/0003-own-fork-server.md.

Each child gets a process group, stdio, environment and user of its own, and waits at a gate until the supervisor has written it
into the ledger: no program ever runs that the ledger does not know. The kernel ends it when its server ends. When the supervisor
goes away without a word, the server sees its connection close and ends what it started, asking the stores first: it is the
guardian, at no extra memory.

The conversation is one JSON object a line, one request at a time; file descriptors travel as SCM_RIGHTS beside the request.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pwd
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Final, NoReturn, TextIO

from shop_sandbox.platform import here
from shop_sandbox.supervisor.ladder import end_everything_started_with

PRELOADED: Final = (
    "starlette.applications",
    "starlette.middleware",
    "starlette.responses",
    "starlette.routing",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "msgspec",
    "yaml",
    "confluent_kafka",
    "confluent_kafka.admin",
    "google.protobuf.runtime_version",
    "google.protobuf.timestamp_pb2",
    "opentelemetry.sdk.trace.export",
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
    "aiohttp",
    "asyncpg",
    "redis.asyncio",
    "jwt",
    "difflib",
)
"""What services, registry, provisioning and telemetry import from others, most urgent first: the registry starts before the
services. Code of the platform itself is imported after the fork, so that a reload sees what was edited."""

NONCE_VARIABLE: Final = "SHOP_SANDBOX_NONCE"
_READ_BYTES = 1 << 16
_MOST_DESCRIPTORS = 4
_STRAGGLER_POLL_SECONDS = 0.005
_STORES_SAVE_SECONDS = 8.0

Request = dict[str, Any]
Program = Callable[[], int]


class _Children:
    """The processes of one server that have not been reaped, by pid; each leads the group of its number."""

    def __init__(self) -> None:
        self.death_signals: dict[int, int] = {}
        self._ended: dict[int, int] = {}

    def signal(self, pid: int, number: int) -> None:
        """Signal a child's whole group. Nothing else can have its number: an unreaped child keeps it."""
        if pid in self.death_signals:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)

    def reap(self) -> None:
        """Collect who has ended; what such a child has left in its group is killed before its number is given back."""
        while (ended := _next_ended()) is not None:
            if ended in self.death_signals:
                self.signal(ended, signal.SIGKILL)
            _, status = os.waitpid(ended, 0)
            if ended in self.death_signals:
                self._ended[ended] = status

    @property
    def any_ended(self) -> bool:
        return bool(self._ended)

    def take_finished(self) -> list[tuple[int, int]]:
        """Children whose whole group is gone, with their wait status."""
        finished = [(pid, status) for pid, status in self._ended.items() if _group_is_empty(pid)]
        for pid, _ in finished:
            del self._ended[pid], self.death_signals[pid]
        return finished


class ForkServer:
    """Serves one connection until the supervisor closes it."""

    def __init__(self, connection: socket.socket, *, nursery: int | None = None) -> None:
        self._connection = connection
        self._own_pid = os.getpid()
        self._children = _Children()
        if nursery is not None:
            self._children.death_signals[nursery] = signal.SIGTERM  # ignored there: it ends by itself, after its children
        self._received = b""
        self._descriptors: list[int] = []
        self._wake, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        os.set_blocking(self._wake, False)

    def serve(self) -> Program | None:
        """Answer requests. Returns None when the supervisor has gone and all children have ended; in a new child, what it is to
        run."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the supervisor decides when this process ends, by closing the connection
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        while True:
            timeout = _STRAGGLER_POLL_SECONDS if self._children.any_ended else None
            readable, _, _ = select.select([self._connection.fileno(), self._wake], [], [], timeout)
            if self._wake in readable:
                _drain(self._wake)
            self._children.reap()
            for pid, status in self._children.take_finished():
                self._tell({"exited": pid, "status": status})
            if self._connection.fileno() in readable:
                request = self._next_request()
                if request is None:
                    self._end_children()
                    return None
                program = self._answer(request)
                if program is not None:
                    return program

    def _next_request(self) -> Request | None:
        while b"\n" not in self._received:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._connection, _READ_BYTES, _MOST_DESCRIPTORS)
            except ConnectionError:
                return None
            if not data:
                return None
            self._received += data
            self._descriptors += descriptors
        line, _, self._received = self._received.partition(b"\n")
        request: Request = json.loads(line)
        return request

    def _answer(self, request: Request) -> Program | None:
        descriptors, self._descriptors = self._descriptors, []
        try:
            if request["do"] == "signal":
                self._children.signal(request["pid"], request["signal"])
                self._tell({"done": True})
                return None
            return self._fork(request, descriptors)
        finally:
            if os.getpid() == self._own_pid:
                for descriptor in descriptors:
                    os.close(descriptor)

    def _fork(self, request: Request, descriptors: list[int]) -> Program | None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell({"refused": f"fork: {error.strerror}"})
            return None
        if pid == 0:
            return self._become(request, descriptors, parent)
        with contextlib.suppress(OSError):  # the child does the same; whoever is first wins
            os.setpgid(pid, pid)
        self._children.death_signals[pid] = request["death_signal"]
        self._tell({"pid": pid})
        return None

    def _become(self, request: Request, descriptors: list[int], parent: int) -> Program:
        """Turn this fresh fork into the child that was asked for, up to its first own instruction."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        output, gate, *listeners = descriptors
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for descriptor in (nothing, output, self._wake, self._wake_writer):
            os.close(descriptor)
        self._connection.close()
        try:
            if request.get("user") is not None:
                _become_user(request["user"])
            if request.get("low_priority"):
                here.yield_to_others()
            os.chdir(request["cwd"])
        except (OSError, KeyError) as error:
            return _fails_to_start(request, error)
        here.name_process(request["name"])
        here.die_with_parent(request["death_signal"])
        if os.getppid() != parent or os.read(gate, 1) != b"g":
            os._exit(0)  # the supervisor or the server went away before this child was in the ledger
        os.close(gate)
        environment: dict[str, str] = request["environment"]
        if listeners:
            environment["SHOP_LISTEN_FD"] = str(listeners[0])
        if request["do"] == "exec":
            for listener in listeners:
                os.set_inheritable(listener, True)
            return lambda: _exec(request, environment)
        return lambda: call_target(request["target"], environment, request["cwd"])

    def _tell(self, message: Request) -> None:
        with contextlib.suppress(OSError):  # nobody there to be told: the next read says so
            self._connection.sendall(json.dumps(message).encode() + b"\n")

    def _end_children(self) -> None:
        """End what the supervisor has left behind: stores are asked and get time to save, the rest is killed."""
        for pid, number in list(self._children.death_signals.items()):
            self._children.signal(pid, number)
        deadline = time.monotonic() + _STORES_SAVE_SECONDS
        while self._children.death_signals:
            if time.monotonic() > deadline:
                for pid in list(self._children.death_signals):
                    self._children.signal(pid, signal.SIGKILL)
            select.select([self._wake], [], [], _STRAGGLER_POLL_SECONDS * 4)
            _drain(self._wake)
            self._children.reap()
            self._children.take_finished()


class Connections:
    """The supervisor's ends of the conversations. `nursery` is None where Python children are started by exec."""

    def __init__(self, *, spawner: socket.socket, spawner_pid: int, nursery: socket.socket | None) -> None:
        self.spawner = spawner
        self.spawner_pid = spawner_pid
        self.nursery = nursery

    def close(self) -> None:
        """Hang up: the servers end what they still have, and themselves."""
        self.spawner.close()
        if self.nursery is not None:
            self.nursery.close()


def start(nonce: str, *, close: tuple[int, ...] = ()) -> Connections:
    """Fork the spawner, and through it the nursery. Call it once, before the process has threads.

    Only the supervisor returns from it: the servers and their children run and exit inside. `close` are descriptors not to keep in
    them.
    """
    ours, theirs = socket.socketpair()
    nursery_ours, nursery_theirs = socket.socketpair() if here.forks_preloaded else (None, None)
    pid = os.fork()
    if pid == 0:
        ours.close()
        if nursery_ours is not None:
            nursery_ours.close()
        for descriptor in close:
            os.close(descriptor)
        _be_spawner(theirs, nursery_theirs, nonce)
    theirs.close()
    if nursery_theirs is not None:
        nursery_theirs.close()
    return Connections(spawner=ours, spawner_pid=pid, nursery=nursery_ours)


def _be_spawner(connection: socket.socket, for_nursery: socket.socket | None, nonce: str) -> NoReturn:
    os.setpgid(0, 0)
    here.name_process("spawner")
    nursery = None
    if for_nursery is not None:
        spawner = os.getpid()
        nursery = os.fork()
        if nursery == 0:
            connection.close()
            _be_nursery(for_nursery, spawner)
        for_nursery.close()
    here.adopt_orphans()
    _run(ForkServer(connection, nursery=nursery), at_the_end=lambda: end_everything_started_with(NONCE_VARIABLE, nonce))


def _be_nursery(connection: socket.socket, spawner: int) -> NoReturn:
    os.setpgid(0, 0)
    here.name_process("nursery")
    here.die_with_parent(signal.SIGKILL)
    if os.getppid() != spawner:
        os._exit(0)
    _preload()
    _run(ForkServer(connection))


def _run(server: ForkServer, *, at_the_end: Callable[[], object] = lambda: None) -> NoReturn:
    """Serve, and in each child run what it was forked for."""
    program = server.serve()
    if program is None:
        at_the_end()
        _exit(0)
    _exit(program())


def _preload() -> None:
    """Import what the children will need; a module that is missing is their problem, told by them."""
    gc.disable()
    for module in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    gc.freeze()  # the collector would write to every object, and so unshare every page
    gc.enable()


def call_target(target: str, environment: dict[str, str], cwd: str) -> int:
    """Call `package.module:function` as a program of its own would run it, and give its exit status."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = [target]
    sys.path[:0] = [cwd, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.stdout, sys.stderr = _as_text(1), _as_text(2)
    importlib.invalidate_caches()
    try:
        module, _, function = target.partition(":")
        getattr(importlib.import_module(module), function)()
    except SystemExit as request:
        if request.code is None or isinstance(request.code, int):
            return request.code or 0
        print(request.code, file=sys.stderr)  # noqa: T201 - what the interpreter does with such an exit
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BaseException as error:  # noqa: BLE001 - the outermost edge of a program
        trace = error.__traceback__
        traceback.print_exception(error.with_traceback(trace.tb_next if trace is not None else None))
        return 1
    return 0


def _as_text(descriptor: int) -> TextIO:
    """Return a stream of the child's own: the one it was forked with belongs to the supervisor's log."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _exec(request: Request, environment: dict[str, str]) -> int:
    argv: list[str] = request["argv"]
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606  # nosec B606 # the argument list is a driver's, no shell is involved
    except OSError as error:
        print(f"cannot start {argv[0]}: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201 - standard error is the log
        return 127


def _fails_to_start(request: Request, error: OSError | KeyError) -> Program:
    reason = error.strerror if isinstance(error, OSError) else f"there is no user {error}"
    print(f"cannot start in {request['cwd']}: {reason}", file=sys.stderr, flush=True)  # noqa: T201 - standard error is the log
    return lambda: 126


def _become_user(name: str) -> None:
    account = pwd.getpwnam(name)
    os.initgroups(name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def _exit(status: int) -> NoReturn:
    """Leave with what a program's end owes others (threads joined, exit functions, flushed output), without tearing down the
    interpreter."""
    with contextlib.suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]  # what Py_FinalizeEx calls to join threads; there is no public name
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _next_ended() -> int | None:
    """Return a child that has ended and not been reaped."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if found is None else found.si_pid


def _group_is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass
