"""The control socket: takes requests of clients and streams the answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from shop_sandbox.errors import SandboxError
from shop_sandbox.events import Event
from shop_sandbox.ownership import make_private, unusable
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.supervisor.protocol import (
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
    RequestFinished,
    Restart,
    Status,
    Stop,
    Swap,
    Up,
)
from shop_sandbox.supervisor.sandbox import Sandbox

EventfulRequest = Up | Follow | Events | Restart | Stop | Swap | Down | Join | Leave

_DECODER = msgspec.json.Decoder(AnyRequest)
_ENCODER = msgspec.json.Encoder()


async def listen(paths: SandboxPaths, sandbox: Sandbox) -> tuple[asyncio.AbstractServer, Path]:
    """Serve clients at the best place for a Unix socket that the system takes; gives it, too. A socket that a dead supervisor left
    there is replaced.

    Raises SandboxError (FOLDER_UNUSABLE): its folder must be ours alone.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(reader, writer, sandbox)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the supervisor goes
        finally:
            writer.close()

    for place in paths.sockets:
        make_private(place.parent)
        try:
            return await asyncio.start_unix_server(serve, path=str(place)), place
        except OSError as error:  # a shared folder of a virtual machine, say: files but no sockets
            refused = unusable(place, error)
    raise refused


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sandbox: Sandbox) -> None:
    line = await reader.readline()
    if not line:
        return
    try:
        request = _DECODER.decode(line)
    except msgspec.DecodeError as error:
        await _send(writer, Refused(code="bad_request", message=f"the request cannot be read: {error}"))
        return
    answer = asyncio.create_task(_answer(writer, request, sandbox))
    gone = asyncio.create_task(reader.read(1))  # a client sends one request: anything after it is its end
    await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
    for task in (answer, gone):
        task.cancel()
    await asyncio.gather(answer, gone, return_exceptions=True)
    if not answer.cancelled():
        answer.result()


async def _answer(writer: asyncio.StreamWriter, request: AnyRequest, sandbox: Sandbox) -> None:
    try:
        if isinstance(request, Status):
            await _send(writer, await sandbox.status(with_memory=request.memory))
            return
        if isinstance(request, Describe):
            await _send(writer, await sandbox.describe(request.resource))
            return
        if isinstance(request, Ping):
            await _send(writer, RequestFinished())
            return
        async with contextlib.aclosing(_events(request, sandbox)) as events:
            async for event in events:
                await _send(writer, event)
        await _send(writer, RequestFinished())
    except SandboxError as error:
        await _send(writer, refusal(error))


def refusal(error: SandboxError) -> Refused:
    """Return an error as it travels."""
    return Refused(code=error.code, message=error.message, actions=error.actions, retryable=error.retryable, detail=error.detail)


def _events(  # noqa: PLR0911 - one for each request
    request: EventfulRequest, sandbox: Sandbox
) -> AsyncGenerator[Event | ProcessDescription, None]:
    match request:
        case Up():
            return sandbox.up(request)
        case Follow():
            return sandbox.follow()
        case Events():
            return sandbox.events(since=request.since, follow=request.follow)
        case Restart():
            return sandbox.restart(request)
        case Stop():
            return sandbox.stop_some(request.resources, dependents=request.dependents)
        case Swap():
            return sandbox.swap(request.resource, timeout_seconds=request.timeout_seconds)
        case Down():
            return sandbox.down(purge=request.purge, force=request.force)
        case Join():
            return sandbox.join(request)
        case Leave():
            return sandbox.leave(request.checkout)


async def _send(writer: asyncio.StreamWriter, message: object) -> None:
    writer.write(_ENCODER.encode(message) + b"\n")
    await writer.drain()
