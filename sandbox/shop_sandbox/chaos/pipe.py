"""One direction of a connection: what goes in comes out in the same order, as late and as slowly as faults want it."""

from __future__ import annotations

import asyncio
import socket
import struct

from shop_sandbox.chaos.active import Active
from shop_sandbox.chaos.fault import Bandwidth
from shop_sandbox.chaos.link import Link

MOST_WAITING = 256
"""Pieces that wait for their moment: beyond them whoever sends has to wait, as with a full socket."""
_SLICES_A_SECOND = 20


class Pipe:
    """Writes pieces when each is due. Order holds whatever the delays are."""

    def __init__(self, link: Link, active: Active, writer: asyncio.StreamWriter) -> None:
        self._link, self._active, self._writer = link, active, writer
        self._waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue(MOST_WAITING)

    async def put(self, piece: bytes, *, delay: float = 0.0) -> None:
        """Send a piece, `delay` seconds from now at the earliest."""
        await self._waiting.put((asyncio.get_running_loop().time() + delay, piece))

    async def finish(self) -> None:
        """Say that nothing more comes."""
        await self._waiting.put(None)

    async def run(self) -> None:
        """Write until the end was said; the other side then hears of it too."""
        loop = asyncio.get_running_loop()
        while (one := await self._waiting.get()) is not None:
            due, piece = one
            if (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            await self._write(piece)
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def _write(self, piece: bytes) -> None:
        while piece:
            slowest = min(self._active.on(self._link, Bandwidth), key=lambda fault: fault.kib_per_second, default=None)
            if slowest is None:
                self._writer.write(piece)
                await self._writer.drain()
                return
            self._active.strikes(self._link, slowest)
            size = max(1, int(slowest.kib_per_second * 1024 / _SLICES_A_SECOND))
            self._writer.write(piece[:size])
            await self._writer.drain()
            piece = piece[size:]
            await asyncio.sleep(1 / _SLICES_A_SECOND)


def reset(transport: asyncio.WriteTransport) -> None:
    """End a connection so that the other side reads `connection reset`: RST in place of FIN."""
    found = transport.get_extra_info("socket")
    if found is not None and found.fileno() != -1:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
