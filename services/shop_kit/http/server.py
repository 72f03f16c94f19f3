"""Serves an application on a socket that was handed over, or on a loopback port, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AbstractContextManager, nullcontext

import uvicorn
from starlette.types import ASGIApp


def listening_socket(listen_fd: int | None, port: int) -> socket.socket:
    """The socket behind `listen_fd`, else a new one on 127.0.0.1:`port` (0: any free port)."""
    if listen_fd is not None:
        return socket.socket(fileno=listen_fd)
    own = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind(("127.0.0.1", port))
    return own


async def serve(app: ASGIApp, listener: socket.socket, *, stop: asyncio.Event, grace_seconds: float) -> None:
    """Serve until `stop` is set; then accept nothing new and let requests in flight finish within `grace_seconds`."""
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
        timeout_graceful_shutdown=max(1, int(grace_seconds)),
        backlog=2048,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await serving


class _Server(uvicorn.Server):
    """Leaves signals to the runtime, which stops everything in order."""

    def install_signal_handlers(self) -> None:
        """Install none."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # uvicorn's own is a generator
        """Capture none."""
        return nullcontext()
