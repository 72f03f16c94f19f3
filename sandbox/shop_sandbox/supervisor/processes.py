"""The supervisor's side of its children: starting them through the fork servers, reading what they print, hearing of their end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shop_sandbox.engines.driver import ExecLaunch, ForkLaunch
from shop_sandbox.engines.handle import Exit, Output, ProcessLaunch, StopOrder
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.platform import here
from shop_sandbox.platform.cgroups import Delegated, Fence
from shop_sandbox.resources.limits import NO_LIMITS, Limits
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE, Connections
from shop_sandbox.supervisor.ledger import Entry, Foreign, Ledger

_READ_BYTES = 1 << 16
_LONGEST_SAVE_SECONDS = 600.0
"""What says that it saves for longer than that is not believed any more."""


@dataclass(eq=False)
class Child:
    """A running process of a resource; it leads the group of its pid."""

    resource: str
    pid: int
    launch: ProcessLaunch
    log: Output
    ended: asyncio.Future[Exit]
    server: _Server = field(repr=False)
    output: int = field(repr=False)
    fence: Fence | None = None

    async def stop(self, order: StopOrder) -> Exit:
        """Ask by the launch's stop signal, wait its grace (none once the order is forced), then kill; what saves is waited for
        as long
        as it makes progress. Returns when the whole group is gone."""
        if order.discard:
            return await self.kill()
        if not self.ended.done():
            await self.server.signal(self.pid, self.launch.stop_signal)
            await self._given_grace(order)
        return await self.kill()

    async def kill(self) -> Exit:
        """End it at once: for work whose loss is no loss."""
        if not self.ended.done():
            await self.server.signal(self.pid, signal.SIGKILL)
        return await self.ended

    def memory_bytes(self) -> int | None:
        """None: its group tells."""
        return None

    async def _given_grace(self, order: StopOrder) -> None:
        grace = self.launch.stop_grace_seconds
        if not self.launch.saves_at_stop:
            await _first(self.ended, order.forced.wait(), within_seconds=grace)
            return
        done = self._work_done()
        patience = time.monotonic() + _LONGEST_SAVE_SECONDS
        while not self.ended.done() and time.monotonic() < patience:
            await asyncio.wait({self.ended}, timeout=grace)
            before, done = done, self._work_done()
            if before == done:
                return

    def _work_done(self) -> float:
        """CPU time of its group so far: what saves makes progress, what hangs does not."""
        return sum(filter(None, (here.cpu_seconds(pid) for pid in here.group_members(self.pid))))


class Processes:
    """Starts children and keeps the ledger true."""

    def __init__(self, connections: Connections, ledger: Ledger, nonce: str, *, group: Delegated | None = None) -> None:
        self._ledger = ledger
        self._group = group
        self._nonce = nonce
        self._spawner = _Server(connections.spawner, on_end=self._ended)
        self._nursery = _Server(connections.nursery, on_end=self._ended) if connections.nursery is not None else None
        self.spawner_lost = self._spawner.lost

    async def preload(self, modules: Sequence[str], *, cwd: str, environment: Mapping[str, str]) -> None:
        """Have modules of the project imported before its functions are called, where calls are forks."""
        if self._nursery is not None and modules:
            await self._nursery.preload({"do": "preload", "modules": modules, "cwd": cwd, "environment": dict(environment)})

    async def start(
        self,
        resource: str,
        launch: ProcessLaunch,
        log: Output,
        *,
        ports: tuple[int, ...],
        listener: socket.socket | None,
        low_priority: bool = False,
        limits: Limits = NO_LIMITS,
    ) -> Child:
        """Start a process. It executes its first own instruction only after the ledger on disk has it, and within its limits as
        far as the kernel keeps them here.

        Raises SandboxError (DISK_FULL when the ledger cannot be written, RESOURCE_DIED when the system refuses another process).
        """
        server, request = self._route(launch)
        request |= {
            "name": resource,
            "environment": {**launch.environment, NONCE_VARIABLE: self._nonce},
            "cwd": str(launch.cwd),
            "death_signal": int(launch.death_signal),
            "low_priority": low_priority,
        }
        output, theirs = os.pipe()
        gate, opener = os.pipe()
        descriptors = [theirs, gate] + ([listener.fileno()] if listener is not None else [])
        try:
            pid = await server.fork(request, descriptors)
            child = Child(resource, pid, launch, log, asyncio.get_running_loop().create_future(), server, output)
            _pump(child)
            server.register(child)
            self._ledger.add(
                Entry(
                    resource=resource,
                    pid=pid,
                    start_time=here.start_time(pid) or "",
                    ports=ports,
                    death_signal=int(launch.death_signal),
                    grace_seconds=launch.stop_grace_seconds,
                )
            )
            child.fence = self._fence(resource, pid, limits)
            with contextlib.suppress(BrokenPipeError):  # ended already: its exit tells more
                os.write(opener, b"g")
        finally:
            for descriptor in (theirs, gate, opener):
                os.close(descriptor)
        return child

    def record_foreign(self, entry: Foreign) -> None:
        """Write into the ledger what an engine is about to start by its own means. Raises SandboxError (DISK_FULL)."""
        self._ledger.add_foreign(entry)

    def forget_foreign(self, resource: str) -> None:
        """What an engine had started by its own means has ended."""
        with contextlib.suppress(SandboxError, OSError):  # as for processes: the proof of what is gone proves nothing any more
            self._ledger.remove_foreign(resource)

    def close(self) -> None:
        """Let the fork servers go; they end what is left, which is nothing after an orderly stop."""
        self._spawner.close()
        if self._nursery is not None:
            self._nursery.close()

    def _route(self, launch: ProcessLaunch) -> tuple[_Server, dict[str, object]]:
        if isinstance(launch, ExecLaunch):
            return self._spawner, {"do": "exec", "argv": launch.argv}
        if not isinstance(launch, ForkLaunch):
            raise TypeError(f"{type(launch).__name__} is neither a program nor a function")
        if self._nursery is not None and not self._nursery.lost.done():
            return self._nursery, {"do": "call", "target": launch.target}
        return self._spawner, {"do": "exec", "argv": [sys.executable, "-m", "shop_sandbox.supervisor.call", launch.target]}

    def _fence(self, resource: str, pid: int, limits: Limits) -> Fence | None:
        if self._group is None or limits == NO_LIMITS:
            return None
        try:
            fence = self._group.fence(resource, memory_bytes=limits.memory_bytes, cpus=limits.cpus)
            fence.take_in(pid)
        except OSError as error:
            raise SandboxError(
                ErrorCode.RESOURCE_DIED, f"{resource} cannot be limited in {self._group.folder}: {error.strerror or error}"
            ) from error
        return fence

    def _ended(self, child: Child, exit_: Exit) -> None:
        _drain(child)
        if child.fence is not None:
            if child.fence.has_killed():
                exit_ = replace(exit_, reason="used more memory than its limit, and was ended by the kernel")
            child.fence.remove()
        # A full disk, or a folder that somebody removed: a stale entry names a dead pid and start time, and harms nobody.
        with contextlib.suppress(SandboxError, OSError):
            self._ledger.remove(child.resource)
        if not child.ended.done():
            child.ended.set_result(exit_)


class _Server:
    """One fork server, seen from the supervisor. Requests take turns: each is answered before the next is sent."""

    def __init__(self, connection: socket.socket, *, on_end: Callable[[Child, Exit], None]) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._on_end = on_end
        self._turn = asyncio.Lock()
        self._answers: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._early: dict[int, int] = {}
        self.children: dict[int, Child] = {}
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())

    async def fork(self, request: dict[str, object], descriptors: list[int]) -> int:
        answer = await self._ask(request, descriptors)
        if "pid" not in answer:
            raise SandboxError(
                ErrorCode.RESOURCE_DIED,
                f"the system refuses another process: {answer.get('refused', 'its fork server ended')}",
                retryable=True,
            )
        return int(str(answer["pid"]))

    async def preload(self, request: dict[str, object]) -> None:
        await self._ask(request, [])

    def register(self, child: Child) -> None:
        """Take note of a child, whose end may have been told already."""
        self.children[child.pid] = child
        if child.pid in self._early:
            self._finish(child.pid, self._early.pop(child.pid))

    async def signal(self, pid: int, number: int) -> None:
        """Signal the group of a child that has not been reaped; of any other process, nothing happens."""
        if pid in self.children:
            await self._ask({"do": "signal", "pid": pid, "signal": int(number)}, [])

    def close(self) -> None:
        self._reader.cancel()
        self._connection.close()

    async def _ask(self, request: dict[str, object], descriptors: list[int]) -> dict[str, object]:
        """Send a request and give its answer. Who is cancelled meanwhile is so once the answer has come: left lying, it would be
        taken for that of the next request."""
        exchange = asyncio.create_task(self._exchange(request, descriptors))
        cancelled: asyncio.CancelledError | None = None
        while not exchange.done():
            try:
                await asyncio.wait({exchange})
            except asyncio.CancelledError as request_to_end:
                cancelled = request_to_end
        if cancelled is not None:
            raise cancelled
        return exchange.result()

    async def _exchange(self, request: dict[str, object], descriptors: list[int]) -> dict[str, object]:
        async with self._turn:
            if self.lost.done():
                return {}
            data = json.dumps(request).encode() + b"\n"
            try:
                sent = socket.send_fds(self._connection, [data], descriptors)
                await asyncio.get_running_loop().sock_sendall(self._connection, data[sent:])
            except ConnectionError:
                return {}
            return await self._answers.get()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        rest = b""
        while data := await self._receive(loop):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
        self.lost.set_result(None)
        self._answers.put_nowait({})
        for pid in list(self.children):
            self._finish(pid, signal.SIGKILL)  # the kernel ends them with their parent

    async def _receive(self, loop: asyncio.AbstractEventLoop) -> bytes:
        try:
            return await loop.sock_recv(self._connection, _READ_BYTES)
        except ConnectionError:
            return b""

    def _take(self, message: dict[str, object]) -> None:
        if "exited" not in message:
            self._answers.put_nowait(message)
            return
        self._finish(int(str(message["exited"])), int(str(message["status"])))

    def _finish(self, pid: int, status: int) -> None:
        child = self.children.pop(pid, None)
        if child is None:
            self._early[pid] = status  # ended before the task that asked for it has run again
            return
        code = os.waitstatus_to_exitcode(status)
        self._on_end(child, Exit(code=code, signal=None) if code >= 0 else Exit(code=None, signal=-code))


def _pump(child: Child) -> None:
    """Take what the child prints off its hands, as it comes."""
    os.set_blocking(child.output, False)
    asyncio.get_running_loop().add_reader(child.output, _take_output, child)


def _take_output(child: Child) -> bool:
    """Move one chunk into the log. False when there is no more, now or for ever."""
    try:
        output = os.read(child.output, _READ_BYTES)
    except BlockingIOError:
        return False
    if not output:
        asyncio.get_running_loop().remove_reader(child.output)
        return False
    child.log.write(output)
    return True


def _drain(child: Child) -> None:
    """Read what the ended child printed last, and close the pipe."""
    while _take_output(child):
        pass
    child.log.finish()
    asyncio.get_running_loop().remove_reader(child.output)
    os.close(child.output)


async def _first(ended: asyncio.Future[Exit], forced: Coroutine[None, None, object], *, within_seconds: float) -> None:
    """Wait for either, at most `within_seconds`; the process's end is not cancelled by the wait."""
    forcing = asyncio.create_task(forced)
    either: set[asyncio.Future[Any]] = {ended, forcing}
    try:
        await asyncio.wait(either, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        forcing.cancel()
