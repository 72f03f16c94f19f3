"""Python programs for the fork server to call."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def serve() -> None:
    """Say hello to whoever connects to the listening socket that was handed over."""
    listener = socket.socket(fileno=int(os.environ["SHOP_LISTEN_FD"]))
    (Path(os.environ["RUN"]) / "ready").touch()
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"hello from %d\n" % os.getpid())


def crash() -> None:
    """Fail as a service with a mistake in it does."""
    print("about to connect", flush=True)  # noqa: T201 - a program's output is what the test is about
    raise RuntimeError("no such table: orders")


def exit_with_three() -> None:
    """End with a status of its own."""
    print("three", file=sys.stderr)  # noqa: T201 - a program's output is what the test is about
    sys.exit(3)
