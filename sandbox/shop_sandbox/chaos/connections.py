"""What all proxies of streams have in common: a connection from a caller, and one of its own to the callee."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from shop_sandbox.chaos.active import Active
from shop_sandbox.chaos.fault import ProxyFault, Reset
from shop_sandbox.chaos.link import Link
from shop_sandbox.chaos.pipe import Pipe, reset

LOOPBACK = "127.0.0.1"
PIECE = 1 << 16


class Conversation(Protocol):
    """What a protocol makes of one connection, in both directions."""

    async def forward(self, reader: asyncio.StreamReader, pipe: Pipe) -> None:
        """Hand on what the caller says, until it has said all."""
        ...

    async def back(self, reader: asyncio.StreamReader, pipe: Pipe) -> None:
        """Hand back what the callee says, until it has said all."""
        ...


class Stream:
    """A protocol of which nothing is understood: pieces as they come. PostgreSQL and Redis answer in the order of the questions,
    so what is late makes all behind it late."""

    def __init__(self, link: Link, active: Active) -> None:
        self._link, self._active = link, active

    async def forward(self, reader: asyncio.StreamReader, pipe: Pipe) -> None:
        while piece := await reader.read(PIECE):
            await pipe.put(piece)

    async def back(self, reader: asyncio.StreamReader, pipe: Pipe) -> None:
        while piece := await reader.read(PIECE):
            await pipe.put(piece, delay=self._active.delay(self._link))


class StreamProxy:
    """Listens for a link's caller, and hands on to its callee."""

    def __init__(
        self,
        link: Link,
        active: Active,
        conversation: Callable[[], Conversation],
        *,
        port: int | None = None,
        upstream: tuple[str, int] | None = None,
    ) -> None:
        """With `port` or `upstream` it listens or hands on elsewhere than the link says: for one more broker, say."""
        self._link, self._active, self._conversation = link, active, conversation
        self._port = link.port if port is None else port
        self._upstream = upstream or (LOOPBACK, link.upstream)
        self._open: set[asyncio.StreamWriter] = set()
        active.on_begin.append(self._reset_open_ones)

    async def start(self) -> int:
        """Listen; return the port. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self._port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more."""
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if faults := self._active.on(self._link, Reset):
            self._active.strikes(self._link, faults[0])
            reset(writer.transport)
            return
        try:
            upstream = await asyncio.open_connection(*self._upstream)
        except OSError:  # the callee is away: so is the proxy
            reset(writer.transport)
            return
        self._open.add(writer)
        try:
            await self._converse((reader, writer), upstream)
        finally:
            self._open.discard(writer)

    async def _converse(
        self,
        caller: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        callee: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Hand on in both directions until both have ended, or one of them breaks: then the other does."""
        there, here = (Pipe(self._link, self._active, writer) for _, writer in (callee, caller))
        conversation = self._conversation()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_until_its_end(conversation.forward(caller[0], there), there))
                group.create_task(_until_its_end(conversation.back(callee[0], here), here))
                group.create_task(there.run())
                group.create_task(here.run())
        except* (OSError, EOFError, ValueError):
            reset(caller[1].transport)
        finally:
            for _, writer in (caller, callee):
                with suppress(OSError):
                    writer.close()

    def _reset_open_ones(self, fault: ProxyFault) -> None:
        if isinstance(fault, Reset) and self._link.is_meant_by(fault):
            for writer in [*self._open]:
                self._active.strikes(self._link, fault)
                reset(writer.transport)


async def _until_its_end(pump: Awaitable[None], pipe: Pipe) -> None:
    await pump
    await pipe.finish()
