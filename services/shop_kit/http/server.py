"""Serves an application on a socket that was handed over, or on a loopback port, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from shop_kit.parts import running

GRACE_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays: longer than clients and load balancers (60 s on AWS) keep theirs, so that they close first."""
_TICKS_A_SECOND = 10
"""Of which uvicorn takes each tenth to renew the Date header."""


def listening_socket(listen_fd: int | None, address: str, port: int) -> socket.socket:
    """The socket behind `listen_fd`, else a new one on `address` and `port` (0: any free port)."""
    if listen_fd is not None:
        return socket.socket(fileno=listen_fd)
    own = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind((address, port))
    return own


async def serve(
    app: ASGIApp, listener: socket.socket, *, stop: asyncio.Event, grace_seconds: float, tls: ssl.SSLContext | None = None
) -> None:
    """Serve until `stop` is set; then accept nothing new and let requests in flight finish within `grace_seconds`.

    With `tls` nobody is answered whose certificate it does not take.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, int(grace_seconds)),
        backlog=2048,
        ssl_context_factory=(lambda _config, _default: tls) if tls else None,
    )
    await _Server(config, stop).serve(sockets=[listener])


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve `app` beside the block, for those who run the service."""
    stop = asyncio.Event()
    with listener:
        async with running(operations=partial(serve, app, listener, stop=stop, grace_seconds=GRACE_SECONDS)) as parts:
            try:
                yield
            finally:
                stop.set()
                await parts.finish("operations", seconds=GRACE_SECONDS)


class _Server(uvicorn.Server):
    """Leaves signals to the runtime, which stops everything in order."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop

    async def main_loop(self) -> None:
        """Sleep until told to stop: uvicorn's own loop wakes ten times a second, and hears of the stop a tenth late."""
        seconds = 0
        while not await self.on_tick(seconds * _TICKS_A_SECOND):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stop.wait()
                    self.should_exit = True
            seconds += 1

    def install_signal_handlers(self) -> None:
        """Install none."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # uvicorn's own is a generator
        """Capture none."""
        return nullcontext()
