"""Does something accept connections."""

from __future__ import annotations

import socket

from shop_sandbox.health.not_ready import NotReady

_SECONDS = 1.5


def expect_accepted(port: int) -> None:
    """Return if a connection to 127.0.0.1 is accepted, else raise NotReady."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_SECONDS).close()
    except OSError as error:
        raise NotReady(f"port {port}: {error}") from error
