"""Is PostgreSQL doing its work: a row is written and read. The few messages needed are spoken directly, so the supervisor loads no
driver.

The protocol: https://www.postgresql.org/docs/18/protocol-message-formats.html
"""

from __future__ import annotations

import socket
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from shop_sandbox.engines.driver import NotReady

SCHEMA = "shop_dev"
"""A schema of ours in database `postgres`, which no service uses."""

_SECONDS = 1.8
_PROTOCOL_3_0 = 196608
_MADE_ONCE = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}; CREATE TABLE IF NOT EXISTS {SCHEMA}.notes (name text PRIMARY KEY, text text NOT NULL)"
)
_UNDEFINED_TABLE = "42P01"


class _Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{text} (SQLSTATE {code})")
        self.code = code


def probe(port: int) -> None:
    """Write a row and read it back in a transaction of its own each. Raises NotReady."""
    token = uuid.uuid4().hex
    try:
        with _session(port) as stream:
            _put(stream, "probe", token)
            found = _get(stream, "probe")
    except OSError as error:
        raise NotReady(f"PostgreSQL does not answer on port {port}: {error}") from error
    except _Refused as error:
        raise NotReady(f"PostgreSQL refuses: {error}") from error
    if found != token:
        raise NotReady("PostgreSQL gives back another row than was written")


def read_stamp(port: int) -> str | None:
    """Give what `write_stamp` left, None where it is not there. Raises OSError."""
    try:
        with _session(port) as stream:
            return _get(stream, "stamp")
    except _Refused as error:
        if error.code == _UNDEFINED_TABLE:
            return None
        raise OSError(f"PostgreSQL refuses a read: {error}") from error


def write_stamp(port: int, stamp: str) -> None:
    """Leave `stamp` in a row. Raises OSError."""
    try:
        with _session(port) as stream:
            _put(stream, "stamp", stamp)
    except _Refused as error:
        raise OSError(f"PostgreSQL refuses a row: {error}") from error


def _put(stream: BinaryIO, name: str, text: str) -> None:
    write = f"INSERT INTO {SCHEMA}.notes VALUES ('{name}', {_literal(text)}) ON CONFLICT (name) DO UPDATE SET text = excluded.text"  # noqa: S608  # nosec B608 # own names, and a quoted text
    try:
        _query(stream, write)
    except _Refused as error:
        if error.code != _UNDEFINED_TABLE:
            raise
        _query(stream, _MADE_ONCE)
        _query(stream, write)


def _get(stream: BinaryIO, name: str) -> str | None:
    return _query(stream, f"SELECT text FROM {SCHEMA}.notes WHERE name = '{name}'")  # noqa: S608  # nosec B608 # own names, and a quoted text


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _session(port: int) -> Iterator[BinaryIO]:
    """Give a session of user `shop` in database `postgres`."""
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection, connection.makefile("rwb") as stream:
        greeting = b"user\0shop\0database\0postgres\0application_name\0shop-dev\0\0"
        stream.write(struct.pack("!ii", len(greeting) + 8, _PROTOCOL_3_0) + greeting)
        stream.flush()
        _answer(stream)  # type: ignore[arg-type]  # BufferedRWPair is a BinaryIO in all that is used here
        yield stream  # type: ignore[misc]  # the same
        stream.write(b"X" + struct.pack("!i", 4))


def _query(stream: BinaryIO, sql: str) -> str | None:
    text = sql.encode() + b"\0"
    stream.write(b"Q" + struct.pack("!i", len(text) + 4) + text)
    stream.flush()
    return _answer(stream)


def _answer(stream: BinaryIO) -> str | None:
    """Read up to ReadyForQuery; give the first column of the last row, or raise the error that came before it."""
    found: str | None = None
    refused: _Refused | None = None
    while True:
        kind, body = _message(stream)
        if kind == b"D":
            size = struct.unpack_from("!i", body, 2)[0]
            found = body[6 : 6 + size].decode() if size >= 0 else None
        elif kind == b"E":
            refused = _error(body)
            if refused.code.startswith("57P"):  # the server shuts down, or still starts, and ends the session
                raise refused
        elif kind == b"Z":
            if refused is not None:
                raise refused
            return found


def _message(stream: BinaryIO) -> tuple[bytes, bytes]:
    head = stream.read(5)
    if len(head) < 5:
        raise ConnectionError("the connection was closed")
    return head[:1], stream.read(struct.unpack("!i", head[1:])[0] - 4)


def _error(body: bytes) -> _Refused:
    fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    return _Refused(fields.get(b"C", "?????"), fields.get(b"M", "no message"))
