"""Confluent's wire format for Protobuf: a zero byte, the schema id, the path of the message in its file, the message.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
Own code, since the client's serialisers cost several times as much a message (docs/adr/0002-services-stack.md).
"""

from __future__ import annotations

import struct
from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from google.protobuf.message import Message as ProtobufMessage

from shop_kit.errors import Invalid

_PREFIX = struct.Struct(">bI")


class MalformedMessage(Invalid):
    """Bytes that are not a message of the type that its topic carries."""


def body(event: ProtobufMessage) -> bytes:
    """Return the message behind its path: all of the wire format that does not depend on the registry's ids."""
    return _encoded_path(cast("Hashable", type(event))) + event.SerializeToString()


def frame(schema_id: int, message_body: bytes) -> bytes:
    """Return the bytes of a Kafka record's value."""
    return _PREFIX.pack(0, schema_id) + message_body


def unframe(value: bytes) -> tuple[int, tuple[int, ...], bytes]:
    """Schema id, message path and bare Protobuf. Raises MalformedMessage."""
    if len(value) < 6 or value[0] != 0:
        raise MalformedMessage("the value does not begin with Confluent's magic byte and a schema id")
    schema_id = _PREFIX.unpack_from(value)[1]
    path, position = _decode_path(value, _PREFIX.size)
    return schema_id, path, value[position:]


def message_path(event_type: type[ProtobufMessage]) -> tuple[int, ...]:
    """Return where a type stands in its file, outermost message first."""
    descriptor = event_type.DESCRIPTOR
    path: list[int] = []
    while descriptor.containing_type is not None:
        path.append(list(descriptor.containing_type.nested_types_by_name).index(descriptor.name))
        descriptor = descriptor.containing_type
    path.append(list(descriptor.file.message_types_by_name).index(descriptor.name))
    return tuple(reversed(path))


def encode_path(path: tuple[int, ...]) -> bytes:
    """Return a path as zigzag varints behind their count; the most common path, the first message, is a single zero byte."""
    if path == (0,):
        return b"\x00"
    return b"".join(_zigzag(number) for number in (len(path), *path))


@cache
def _encoded_path(event_type: Any) -> bytes:
    return encode_path(message_path(event_type))


def _decode_path(value: bytes, position: int) -> tuple[tuple[int, ...], int]:
    count, position = _unzigzag(value, position)
    if count == 0:
        return (0,), position
    if not 0 < count <= 32:
        raise MalformedMessage(f"a message path of {count} steps")
    path = []
    for _ in range(count):
        step, position = _unzigzag(value, position)
        path.append(step)
    return tuple(path), position


def _zigzag(number: int) -> bytes:
    rest, encoded = number << 1, bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _unzigzag(value: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if position >= len(value) or shift > 28:
            raise MalformedMessage("the message path is cut off or too long")
        byte = value[position]
        result |= (byte & 0x7F) << shift
        position += 1
        if not byte & 0x80:
            return (result >> 1) ^ -(result & 1), position
        shift += 7
