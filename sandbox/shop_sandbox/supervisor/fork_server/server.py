"""The server itself: takes requests over one connection, forks, and tells of each end."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket

from shop_sandbox.supervisor.fork_server import child
from shop_sandbox.supervisor.fork_server.child import Program, Request
from shop_sandbox.supervisor.fork_server.children import Children
from shop_sandbox.supervisor.fork_server.guardian import end_children
from shop_sandbox.supervisor.fork_server.shared_code import SharedCode

_READ_BYTES = 1 << 16
_MOST_DESCRIPTORS = 4
_STRAGGLER_POLL_SECONDS = 0.005


class ForkServer:
    """Serves one connection until the supervisor closes it."""

    def __init__(self, connection: socket.socket, *, nursery: int | None = None) -> None:
        self._connection = connection
        self._own_pid = os.getpid()
        self._children = Children()
        if nursery is not None:
            self._children.death_signals[nursery] = signal.SIGTERM  # ignored there: it ends by itself, after its children
        self._shared = SharedCode()
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
                    end_children(self._children, self._wait_for_news)
                    return None
                program = self._answer(request)
                if program is not None:
                    return program

    def _wait_for_news(self, seconds: float) -> None:
        select.select([self._wake], [], [], seconds)
        _drain(self._wake)

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
            if request["do"] == "preload":
                self._shared.load(request["modules"], child.own_path(request["cwd"], request["environment"]))
                gc.freeze()  # as for all that is imported ahead: the collector would unshare every page
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
            self._let_go()
            return child.become(request, descriptors, parent, self._shared)
        with contextlib.suppress(OSError):  # the child does the same; whoever is first wins
            os.setpgid(pid, pid)
        self._children.death_signals[pid] = request["death_signal"]
        self._tell({"pid": pid})
        return None

    def _let_go(self) -> None:
        """In a fresh fork: give up what belongs to the server."""
        signal.set_wakeup_fd(-1)
        os.close(self._wake)
        os.close(self._wake_writer)
        self._connection.close()

    def _tell(self, message: Request) -> None:
        with contextlib.suppress(OSError):  # nobody there to be told: the next read says so
            self._connection.sendall(json.dumps(message).encode() + b"\n")


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass
