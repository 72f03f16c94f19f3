"""The supervisor's life around its event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from shop_sandbox import ownership, records
from shop_sandbox.errors import SandboxError
from shop_sandbox.ownership import Owner, Process
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.supervisor.control import listen, refusal
from shop_sandbox.supervisor.fork_server.starting import Connections
from shop_sandbox.supervisor.protocol import PROTOCOL, RequestFinished
from shop_sandbox.supervisor.sandbox import Sandbox
from shop_sandbox.supervisor.settings import SupervisorSettings

_PROBING_THREADS = 32
"""More than resources: a probe may block for two seconds and must not hold up the others."""
_LAST_WORDS_SECONDS = 0.5


def run(encoded_settings: bytes, connections: Connections, *, nonce: str, ready: int, began: float) -> None:
    """Own a sandbox until it has stopped. Does not return."""
    settings = msgspec.json.decode(encoded_settings, type=SupervisorSettings)
    asyncio.run(_serve(settings, connections, nonce=nonce, ready=ready, began=began))


async def _serve(settings: SupervisorSettings, connections: Connections, *, nonce: str, ready: int, began: float) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_PROBING_THREADS, thread_name_prefix="blocking"))
    paths = settings.paths
    sandbox = Sandbox(settings, connections, nonce=nonce, began=began)
    stops: set[asyncio.Task[None]] = set()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, lambda: stops.add(asyncio.ensure_future(sandbox.stop())))
    try:
        server, socket_path = await listen(paths, sandbox)
        owner = Owner(
            protocol=PROTOCOL,
            nonce=nonce,
            supervisor=Process.of(os.getpid()),
            spawner=Process.of(connections.spawner_pid),
            socket=str(socket_path),
        )
        records.write(paths.owner, owner)
    except SandboxError as error:
        os.write(ready, msgspec.json.encode(refusal(error)))
        await sandbox.stop()
        os._exit(1)
    os.write(ready, msgspec.json.encode(RequestFinished()))
    os.close(ready)
    await sandbox.stopped()
    server.close()
    await _let_clients_read()
    _remove_traces(paths, owner)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads may still be inside a driver's download or probe: nothing of theirs is worth waiting for


def _remove_traces(paths: SandboxPaths, owner: Owner) -> None:
    """Remove socket and record, unless a purge has removed the folder and somebody else's may be there by now."""
    if ownership.owner_of(paths) == owner:
        Path(owner.socket).unlink(missing_ok=True)
        paths.owner.unlink()


async def _let_clients_read() -> None:
    """Give the answers that are being written a moment to leave this process."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait(others, timeout=_LAST_WORDS_SECONDS) if others else None
