"""Generators on other machines: a master that they join, and what a worker does there.

Both speak lines of JSON over TCP. A worker says Hello; the master answers Welcome or Refusal. Then the worker asks for the master's
clock a few times, says how surely it knows it, and from there on its generator speaks as one of the same machine does
(`shop_loadtests.generator`), except that moments are told by the master's clock.
"""

from __future__ import annotations

import hashlib
import socket
import subprocess  # nosec B404 # starts our own generator
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from shop_loadtests.plan import Begin, Plan, Source

MOST_UNSURE_SECONDS = 0.005
"""Half of what counts as late: a worker that knows the master's clock worse would begin visits late, or early, and not know it."""
_CLOCK_ASKED = 9
_JOINS_WITHIN_SECONDS = 10.0
_SILENT_SECONDS = 6
"""A connection whose other side answers nothing for so long is broken."""
_ENDS_WITHIN_SECONDS = 5.0


class JoinFailed(Exception):
    """A worker cannot join, or too few have; the message says why."""


class Hello(msgspec.Struct, frozen=True):
    """A worker says which code it runs: one of other code measures something else."""

    code: str


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The worker's number, counted from 0, and how many there will be."""

    worker: int
    workers: int


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """Why a worker is not taken."""

    reason: str


class Clock(msgspec.Struct, frozen=True):
    """The master's monotonic clock."""

    now: float


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """A worker wants to know the master's clock."""


class Joined(msgspec.Struct, frozen=True, tag="joined"):
    """A worker knows the master's clock to within so many seconds, and waits for its plan."""

    unsure_seconds: float


def code_version() -> str:
    """Return a digest of this package's code."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Line:
    """One connection: what is said goes into `stdin`, what comes is in `stdout`, named as with a process of one's own."""

    stdin: IO[bytes]
    stdout: Iterator[bytes]
    host: str


@contextmanager
def joined(bind: tuple[str, int], workers: int, *, within_seconds: float, told: Callable[[str], None]) -> Iterator[list[Line]]:
    """Listen until so many workers have joined and give their lines; `told` hears who has. Raises JoinFailed, OSError."""
    deadline = time.monotonic() + within_seconds
    with ExitStack() as stack, socket.create_server(bind) as server:
        lines: list[Line] = []
        told(f"waits for {workers} workers at {server.getsockname()[0]}:{server.getsockname()[1]}")
        while len(lines) < workers:
            server.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                connection, address = server.accept()
            except TimeoutError as error:
                raise JoinFailed(f"{len(lines)} of {workers} workers have joined within {within_seconds:g} s") from error
            stack.callback(connection.close)
            try:
                lines.append(_welcomed(connection, len(lines), workers, host=f"{address[0]}:{address[1]}"))
            except (JoinFailed, OSError, msgspec.MsgspecError) as why:
                told(f"{address[0]} is not taken: {why}")
                connection.close()
                continue
            told(f"{address[0]} is worker {len(lines)} of {workers}")
        yield lines


def _welcomed(connection: socket.socket, worker: int, workers: int, *, host: str) -> Line:
    _watch(connection)
    connection.settimeout(_JOINS_WITHIN_SECONDS)
    reading, writing = connection.makefile("rb"), connection.makefile("wb")
    line = reading.readline()
    if not line:
        raise JoinFailed("it has said nothing")
    hello = msgspec.json.decode(line, type=Hello)
    if hello.code != code_version():
        _say(writing, Refusal("it runs other code than the master: bring both to the same commit"))
        raise JoinFailed("it runs other code")
    _say(writing, Welcome(worker, workers))
    while isinstance(answer := msgspec.json.decode(reading.readline(), type=Asked | Joined), Asked):
        _say(writing, Clock(time.monotonic()))
    if answer.unsure_seconds > MOST_UNSURE_SECONDS:
        raise JoinFailed(f"it knows the master's clock to {answer.unsure_seconds * 1e3:.0f} ms only: the line is too slow")
    connection.settimeout(None)
    return Line(writing, _until_broken(reading), host)


def _until_broken(reading: IO[bytes]) -> Iterator[bytes]:
    """Lines until the other side ends, or the connection breaks."""
    with suppress(OSError, ValueError):
        yield from reading


def work(master: tuple[str, int], own: Source, *, allows: Callable[[str], None]) -> None:
    """Join a master and make its visits until it has no more. Raises JoinFailed, OSError, and what `allows` raises of a target."""
    with socket.create_connection(master, timeout=_JOINS_WITHIN_SECONDS) as connection:
        _watch(connection)
        reading, writing = connection.makefile("rb"), connection.makefile("wb")
        ahead = _join(reading, writing)
        connection.settimeout(None)
        line = reading.readline()
        if not line:
            return
        plan = msgspec.json.decode(line, type=Plan)
        allows(plan.target)
        if plan.source.package not in {own.package, "shop_loadtests.derived"}:
            raise JoinFailed(f"the master wants journeys of {plan.source.package}, and here are those of {own.package}")
        source = msgspec.structs.replace(plan.source, folder=own.folder)
        _generate(msgspec.structs.replace(plan, source=source), connection, reading, ahead)


def _join(reading: IO[bytes], writing: IO[bytes]) -> float:
    """Say hello and learn the master's clock; returns how many seconds this machine's clock is ahead of it."""
    _say(writing, Hello(code_version()))
    answer = msgspec.json.decode(reading.readline(), type=Welcome | Refusal)
    if isinstance(answer, Refusal):
        raise JoinFailed(answer.reason)
    asked = [_ask_clock(reading, writing) for _ in range(_CLOCK_ASKED)]
    unsure, ahead = min(asked)
    _say(writing, Joined(unsure))
    return ahead


def _ask_clock(reading: IO[bytes], writing: IO[bytes]) -> tuple[float, float]:
    """How unsure an answer is, which is half of its way there and back, and how far ahead this clock is by it (Cristian, 1989)."""
    began = time.monotonic()
    _say(writing, Asked())
    there = msgspec.json.decode(reading.readline(), type=Clock).now
    ended = time.monotonic()
    return (ended - began) / 2, (began + ended) / 2 - there


def _generate(plan: Plan, connection: socket.socket, reading: IO[bytes], ahead: float) -> None:
    command = [sys.executable, "-P", "-m", "shop_loadtests.generator"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # nosec B603 # our own
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise JoinFailed("a generator without a line to it")
        try:
            _say(stdin, plan)
            threading.Thread(target=_hand_on, args=(stdout, connection), daemon=True).start()
            with suppress(OSError):  # the master has gone, or the generator has
                for line in reading:
                    begin = msgspec.json.decode(line, type=Begin)
                    _say(stdin, Begin(begin.at + ahead, begin.seed))
        finally:
            process.terminate()
            try:
                process.wait(_ENDS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _hand_on(stdout: IO[bytes], connection: socket.socket) -> None:
    """Tell the master what the generator tells, and hang up when that has ended: so a lost one is noticed."""
    with suppress(OSError):  # the master has gone
        for line in stdout:
            connection.sendall(line)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _watch(connection: socket.socket) -> None:
    """Let a connection to a machine that has vanished break within seconds, and let no small line wait for the next."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", _SILENT_SECONDS // 2 - 1)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_SECONDS * 1000)


def _say(writing: IO[bytes], message: msgspec.Struct) -> None:
    writing.write(msgspec.json.encode(message) + b"\n")
    writing.flush()
