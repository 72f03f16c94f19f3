"""The supervisor's side of its fork servers, against a server of ours that answers when the test lets it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from shop_sandbox.engines.driver import ExecLaunch
from shop_sandbox.engines.handle import Handle, StopOrder
from shop_sandbox.supervisor.fork_server.starting import Connections
from shop_sandbox.supervisor.ledger import Ledger
from shop_sandbox.supervisor.processes import Processes


class Output:
    """Takes what a child prints, and drops it."""

    def write(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


class ForkServer:
    """Hears requests, and gives the answers that the test gives it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._rest = b""

    async def request(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        while b"\n" not in self._rest:
            self._rest += await loop.sock_recv(self._connection, 1 << 16)
        line, _, self._rest = self._rest.partition(b"\n")
        request: dict[str, Any] = json.loads(line)
        return request

    def answer(self, **answer: object) -> None:
        self._connection.send(json.dumps(answer).encode() + b"\n")


def with_server(folder: Path, story: Callable[[Processes, ForkServer], Awaitable[None]]) -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        processes = Processes(
            Connections(spawner=ours, spawner_pid=os.getpid(), nursery=None), Ledger(folder / "ledger.json", nonce="n"), "n"
        )
        with theirs:
            await asyncio.wait_for(story(processes, ForkServer(theirs)), 20)
            processes.close()

    asyncio.run(run())


async def started(processes: Processes, server: ForkServer, folder: Path, *, pid: int) -> Handle:
    launch = ExecLaunch(("/bin/true",), {}, folder, stop_grace_seconds=5.0)
    starting = asyncio.create_task(processes.start(f"r{pid}", launch, Output(), ports=(), listener=None))
    assert (await server.request())["do"] == "exec"
    server.answer(pid=pid)
    return await starting


def test_a_stop_that_is_broken_off_leaves_its_answer_to_nobody_else(tmp_path: Path) -> None:
    async def story(processes: Processes, server: ForkServer) -> None:
        first = await started(processes, server, tmp_path, pid=1_000_001)
        stopping = asyncio.create_task(first.stop(StopOrder()))
        assert await server.request() == {"do": "signal", "pid": 1_000_001, "signal": signal.SIGTERM}
        stopping.cancel()
        await asyncio.sleep(0)
        server.answer(done=True)

        second = await started(processes, server, tmp_path, pid=1_000_002)

        assert second.pid == 1_000_002
        assert stopping.cancelled()

    with_server(tmp_path, story)
