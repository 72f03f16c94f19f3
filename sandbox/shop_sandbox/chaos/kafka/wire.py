"""Reading and rewriting Kafka's messages. A flexible version (KIP-482) has compact strings and arrays, and tagged fields."""

from __future__ import annotations

import struct
from collections.abc import Callable

Addressed = Callable[[str, int], tuple[str, int]]
"""Gives for a broker's host and port those that a client is to be told."""


class Rewriter:
    """Walks through a message and copies it, but for the addresses of brokers. Raises ValueError where the message is too short."""

    def __init__(self, message: bytes, addressed: Addressed = lambda host, port: (host, port)) -> None:
        self._left = memoryview(message)
        self._addressed = addressed
        self._copied = bytearray()

    def finish(self) -> bytes:
        """Copy the rest and return the whole."""
        return bytes(self._copied + self._left)

    def left(self) -> bytes:
        """Return what was not walked through yet."""
        return bytes(self._left)

    def int8(self) -> int:
        return self._number(">b")

    def int16(self) -> int:
        return self._number(">h")

    def int32(self) -> int:
        return self._number(">i")

    def string(self, *, flexible: bool) -> bytes | None:
        """A string, or None for a nullable one that is not there."""
        size = self._varint() - 1 if flexible else self.int16()
        return None if size < 0 else self._take(size)

    def count(self, *, flexible: bool) -> int:
        """How many elements an array has; 0 for one that is null."""
        return max(self._varint() - 1 if flexible else self.int32(), 0)

    def tags(self, *, flexible: bool) -> None:
        """Tagged fields, which only flexible versions have."""
        for _ in range(self._varint() if flexible else 0):
            self._varint()
            self._take(self._varint())

    def address(self, *, flexible: bool) -> None:
        """Host and port of a broker; a port below 0 is none."""
        before = bytes(self._copied)
        host, port = self.string(flexible=flexible) or b"", self.int32()
        if port < 0:
            return
        new_host, new_port = self._addressed(host.decode(), port)
        encoded = new_host.encode()
        size = as_varint(len(encoded) + 1) if flexible else struct.pack(">h", len(encoded))
        self._copied = bytearray(before + size + encoded + struct.pack(">i", new_port))

    def _number(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def _varint(self) -> int:
        value = shift = 0
        while True:
            (byte,) = self._take(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _take(self, size: int) -> bytes:
        if size > len(self._left):
            raise ValueError("a message of Kafka ends before its time")
        taken, self._left = bytes(self._left[:size]), self._left[size:]
        self._copied += taken
        return taken


def as_varint(value: int) -> bytes:
    """Return an unsigned number in groups of seven bits, the lowest first."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
