"""Default values, made comparable across types."""

from __future__ import annotations

import ast
import math
import struct
from collections.abc import Callable

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.elements import Field

Value = int | float | bytes
_FLOATS = (Proto.TYPE_FLOAT, Proto.TYPE_DOUBLE)


def can_have_default(field: Field) -> bool:
    """Return whether the language lets a field of this kind have a default."""
    return not field.is_repeated and field.proto.type not in (Proto.TYPE_MESSAGE, Proto.TYPE_GROUP)


def default_of(field: Field) -> Value:
    """Return what a reader gets where nothing was written. Text and bytes come as bytes, bool and enum as numbers."""
    text = field.proto.default_value
    kind = field.proto.type
    if kind == Proto.TYPE_ENUM:
        return _enum_number(field, text)
    parse = _PARSERS.get(kind, int)
    return parse(text) if text or kind in _TEXTS else 0


def same_default(old: Field, new: Field) -> bool:
    """Return whether both read as the same value; float and double are compared as floats."""
    before, after = default_of(old), default_of(new)
    if not before and not after:
        return True
    if isinstance(before, bytes) or isinstance(after, bytes):
        return before == after
    if {old.proto.type, new.proto.type} == set(_FLOATS):
        before, after = _narrow(before), _narrow(after)
    return before == after or (math.isnan(before) and math.isnan(after))


_TEXTS = (Proto.TYPE_STRING, Proto.TYPE_BYTES)


def _enum_number(field: Field, text: str) -> int:
    enum = field.enum
    if enum is None:
        return 0
    if not text:
        return enum.values[0].number
    return enum.by_name.get(text, 0)


def _narrow(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _unescape(text: str) -> bytes:
    # protoc escapes bytes as C does, which Python's own literals read alike.
    return bytes(ast.literal_eval(f'b"{text}"')) if text else b""


_PARSERS: dict[int, Callable[[str], Value]] = {
    Proto.TYPE_STRING: str.encode,
    Proto.TYPE_BYTES: _unescape,
    Proto.TYPE_BOOL: lambda text: int(text == "true"),
    Proto.TYPE_FLOAT: lambda text: _narrow(float(text)),
    Proto.TYPE_DOUBLE: float,
}
