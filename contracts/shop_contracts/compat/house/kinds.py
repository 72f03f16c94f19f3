"""Which field types can stand in for each other, see https://protobuf.dev/programming-guides/proto3/#updating and #json.

Facts as buf draws the line: what depends on the data (bytes that happen to be UTF-8, or a message) does not count as compatible.
"""

from __future__ import annotations

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.elements import SCALAR_NAMES, Enum, Field

_GROUPS: tuple[tuple[str, ...], ...] = (
    ("int32", "int64", "uint32", "uint64", "bool"),
    ("sint32", "sint64"),
    ("fixed32", "sfixed32"),
    ("fixed64", "sfixed64"),
)
_JSON_GROUPS: tuple[tuple[str, ...], ...] = (
    ("int32", "uint32"),
    ("int64", "uint64"),
    ("fixed32", "sfixed32"),
    ("fixed64", "sfixed64"),
)


def _group_of(groups: tuple[tuple[str, ...], ...]) -> dict[int, str]:
    first = {name: group[0] for group in groups for name in group}
    return {number: first.get(name, name) for number, name in SCALAR_NAMES.items()}


WIRE_GROUP = _group_of(_GROUPS)
"""Type number to the name of its wire group; strings and bytes are apart, and string may become bytes but not the reverse."""
WIRE_JSON_GROUP = _group_of(_JSON_GROUPS)
"""The same for wire and JSON together: 64-bit numbers are strings in JSON."""
NAMED = (Proto.TYPE_ENUM, Proto.TYPE_MESSAGE, Proto.TYPE_GROUP)
INTEGERS_64 = (Proto.TYPE_INT64, Proto.TYPE_SINT64, Proto.TYPE_UINT64, Proto.TYPE_FIXED64, Proto.TYPE_SFIXED64)


def same_named_type(old: Field, new: Field) -> bool:
    """Return whether two fields of one wire group hold compatible messages or enums.

    A message must keep its full name. An enum may be another of the same short name that has all the old values.
    """
    if new.proto.type not in NAMED or old.type_name == new.type_name:
        return True
    if new.proto.type != Proto.TYPE_ENUM:
        return False
    old_enum, new_enum = old.enum, new.enum
    return old_enum is not None and new_enum is not None and old_enum.name == new_enum.name and _is_subset(old_enum, new_enum)


def _is_subset(old: Enum, new: Enum) -> bool:
    values = {value.name: value.number for value in new.values}
    return all(values.get(value.name) == value.number for value in old.values)


def type_text(field: Field) -> str:
    """Return the type as the wire has it: a message in delimited encoding is told from another."""
    delimited = field.type == Proto.TYPE_GROUP and field.proto.type == Proto.TYPE_MESSAGE
    return f"{field.type_text} (delimited)" if delimited else field.type_text
