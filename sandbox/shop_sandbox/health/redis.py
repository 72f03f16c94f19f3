"""Is Redis doing its work: a key is set and read back, in its own protocol
(https://redis.io/docs/latest/develop/reference/protocol-spec/)."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from shop_sandbox.health.not_ready import NotReady

PROBE_KEY = "shop-dev:probe"
STAMP_KEY = "shop-dev:stamp"
_SECONDS = 1.5


class _Refused(Exception):
    """Redis answered with an error, such as LOADING while it reads its file."""


def probe(port: int, password: str) -> None:
    """Set a key that expires by itself in the server of this machine at that port, and read it. Raises NotReady."""
    probe_at("127.0.0.1", port, "", password)


def probe_at(host: str, port: int, user: str, password: str) -> None:
    """Set a key that expires by itself, and read it; without a password nobody is asked who they are. Raises NotReady."""
    token = uuid.uuid4().hex
    try:
        with _connected(port, password, host=host, user=user) as stream:
            _call(stream, "SET", PROBE_KEY, token, "EX", "60")
            found = _call(stream, "GET", PROBE_KEY)
    except OSError as error:
        raise NotReady(f"Redis does not answer on port {port}{'' if host == '127.0.0.1' else f' of {host}'}: {error}") from error
    except _Refused as error:
        raise NotReady(f"Redis refuses a key: {error}") from error
    if found != token:
        raise NotReady("Redis gives back another value than was set")


def read_stamp(port: int, password: str) -> str | None:
    """Give what `write_stamp` left, None where it is not there. Raises OSError."""
    try:
        with _connected(port, password) as stream:
            return _call(stream, "GET", STAMP_KEY)
    except _Refused as error:
        raise OSError(f"Redis refuses a read: {error}") from error


def write_stamp(port: int, password: str, stamp: str) -> None:
    """Leave `stamp` under a key without expiry; it is kept and lost with everything else. Raises OSError."""
    try:
        with _connected(port, password) as stream:
            _call(stream, "SET", STAMP_KEY, stamp)
    except _Refused as error:
        raise OSError(f"Redis refuses a key: {error}") from error


@contextmanager
def _connected(port: int, password: str, *, host: str = "127.0.0.1", user: str = "") -> Iterator[BinaryIO]:
    with socket.create_connection((host, port), timeout=_SECONDS) as connection, connection.makefile("rwb") as stream:
        if password:
            _call(stream, "AUTH", *([user] if user else []), password)  # type: ignore[arg-type]  # BufferedRWPair is a BinaryIO in all that is used here
        yield stream  # type: ignore[misc]  # the same


def _call(stream: BinaryIO, *words: str) -> str | None:
    encoded = [word.encode() for word in words]
    stream.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
    stream.flush()
    answer = stream.readline()
    if not answer:
        raise ConnectionError("the connection was closed")
    kind, text = answer[:1], answer[1:].rstrip(b"\r\n")
    if kind == b"-":
        raise _Refused(text.decode(errors="replace"))
    if kind != b"$":
        return text.decode()
    size = int(text)
    return None if size < 0 else stream.read(size + 2)[:-2].decode()
