"""A server that answers at once, on a port that it prints: `python -m bench.trivial_target`."""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

_BODY = b"{}"
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]
Message = MutableMapping[str, Any]


async def application(_scope: Message, _receive: object, send: Callable[[Message], Awaitable[None]]) -> None:
    """Answer anything with an empty object."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


def main() -> None:
    """Listen on a free port of the loopback until stopped."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(application, log_level="error", access_log=False, http="httptools", loop="uvloop", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
