"""Is PostgreSQL doing its work: a row is written and read. The few messages needed are spoken directly, so the supervisor loads no
driver.

The protocol: https://www.postgresql.org/docs/18/protocol-message-formats.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import BinaryIO

from shop_sandbox.health.not_ready import NotReady

SCHEMA = "shop_dev"
"""A schema of ours in database `postgres`, which no service uses."""

_SECONDS = 1.8
_PROTOCOL_3_0 = 196608
_MADE_ONCE = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}; CREATE TABLE IF NOT EXISTS {SCHEMA}.notes (name text PRIMARY KEY, text text NOT NULL)"
)
_UNDEFINED_TABLE = "42P01"
_SASL, _SASL_CONTINUE, _SASL_FINAL = 10, 11, 12


class _Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{text} (SQLSTATE {code})")
        self.code = code


def probe(port: int, password: str) -> None:
    """Write a row and read it back in a transaction of its own each. Raises NotReady."""
    token = uuid.uuid4().hex
    try:
        with _session(port, password) as stream:
            _put(stream, "probe", token)
            found = _get(stream, "probe")
    except OSError as error:
        raise NotReady(f"PostgreSQL does not answer on port {port}: {error}") from error
    except _Refused as error:
        raise NotReady(f"PostgreSQL refuses: {error}") from error
    if found != token:
        raise NotReady("PostgreSQL gives back another row than was written")


def read_stamp(port: int, password: str) -> str | None:
    """Give what `write_stamp` left, None where it is not there. Raises OSError."""
    try:
        with _session(port, password) as stream:
            return _get(stream, "stamp")
    except _Refused as error:
        if error.code == _UNDEFINED_TABLE:
            return None
        raise OSError(f"PostgreSQL refuses a read: {error}") from error


def write_stamp(port: int, password: str, stamp: str) -> None:
    """Leave `stamp` in a row. Raises OSError."""
    try:
        with _session(port, password) as stream:
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
def _session(port: int, password: str) -> Iterator[BinaryIO]:
    """Give a session of user `shop` in database `postgres`."""
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection, connection.makefile("rwb") as stream:
        greeting = b"user\0shop\0database\0postgres\0application_name\0shop-dev\0\0"
        stream.write(struct.pack("!ii", len(greeting) + 8, _PROTOCOL_3_0) + greeting)
        stream.flush()
        _authenticate(stream, password)  # type: ignore[arg-type]  # BufferedRWPair is a BinaryIO in all that is used here
        _answer(stream)  # type: ignore[arg-type]  # the same
        yield stream  # type: ignore[misc]  # the same
        stream.write(b"X" + struct.pack("!i", 4))


def _authenticate(stream: BinaryIO, password: str) -> None:
    """Prove to know the password by SCRAM-SHA-256 (RFC 5802, RFC 7677), and have the server prove it, too."""
    _expect(stream, _SASL)
    nonce = secrets.token_urlsafe(18)
    first = f"n=,r={nonce}"
    initial = f"n,,{first}".encode()
    _send(stream, b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(initial)) + initial)
    challenge = _expect(stream, _SASL_CONTINUE).decode()
    given = dict(word.split("=", 1) for word in challenge.split(","))
    if not given["r"].startswith(nonce):
        raise ConnectionError("the server answers somebody else")
    salted = _salted(password, given["s"], int(given["i"]))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    last = f"c=biws,r={given['r']}"
    said = f"{first},{challenge},{last}".encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), said, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature, strict=True))).decode()
    _send(stream, b"p", f"{last},p={proof}".encode())
    own = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), said, "sha256")
    if _expect(stream, _SASL_FINAL) != b"v=" + base64.b64encode(own):
        raise ConnectionError("the server does not know the password")


@cache
def _salted(password: str, salt: str, iterations: int) -> bytes:
    """Kept: it is the same at every probe, and meant to be slow."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), iterations)


def _expect(stream: BinaryIO, step: int) -> bytes:
    """Read the next step of the authentication. Raises _Refused, and ConnectionError for a server that asks for another way."""
    kind, body = _message(stream)
    if kind == b"E":
        raise _error(body)
    if kind != b"R" or struct.unpack_from("!i", body)[0] != step:
        raise ConnectionError("the server does not ask for a password by SCRAM")
    return body[4:]


def _send(stream: BinaryIO, kind: bytes, body: bytes) -> None:
    stream.write(kind + struct.pack("!i", len(body) + 4) + body)
    stream.flush()


def _query(stream: BinaryIO, sql: str) -> str | None:
    _send(stream, b"Q", sql.encode() + b"\0")
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
