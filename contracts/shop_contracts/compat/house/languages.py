"""Features that only one language's generated code looks at; they travel as extensions of FeatureSet this runtime may not know."""

from __future__ import annotations

from google.protobuf import descriptor_pb2, empty_pb2
from google.protobuf.descriptor_pb2 import FieldOptions
from google.protobuf.unknown_fields import UnknownFieldSet

from shop_contracts.compat import features
from shop_contracts.compat.elements import Field, File, Message

# Field numbers from google/protobuf/cpp_features.proto and java_features.proto.
_CPP, _CPP_STRING_TYPE = 1000, 2
_JAVA, _JAVA_UTF8_VALIDATION = 1001, 2
_CPP_STRING_TYPES = {0: "unknown", 1: "VIEW", 2: "CORD", 3: "STRING"}
_JAVA_VERIFY = 2


def cpp_string_type(field: Field) -> str:
    """Return which C++ type holds the string: STRING, CORD, VIEW or STRING_PIECE."""
    edition = features.edition_of(field.file.proto)
    if edition < descriptor_pb2.EDITION_2024 and field.proto.options.HasField("ctype"):
        return FieldOptions.CType.Name(field.proto.options.ctype)
    default = 1 if edition >= descriptor_pb2.EDITION_2024 else 3
    return _CPP_STRING_TYPES[_language_feature(field, _CPP, _CPP_STRING_TYPE, default)]


def java_verifies_utf8(field: Field) -> bool:
    """Return whether Java checks that the string is UTF-8."""
    options = field.file.proto.options
    verified = field.features["utf8_validation"] == features.UTF8_VERIFY
    if not field.file.has_editions or options.HasField("java_string_check_utf8"):
        return options.java_string_check_utf8 or verified
    return _language_feature(field, _JAVA, _JAVA_UTF8_VALIDATION, 1) == _JAVA_VERIFY or verified


def _language_feature(field: Field, extension: int, number: int, default: int) -> int:
    scopes: list[Field | Message | File] = [field]
    parent = field.parent
    while parent is not None:
        scopes.append(parent)
        parent = parent.parent
    for scope in (*scopes, field.file):
        options = scope.proto.options
        if options.HasField("features"):
            value = _unknown(_unknown(options.features.SerializeToString(), extension), number)
            if isinstance(value, int):
                return value
    return default


def _unknown(data: bytes | int | None, number: int) -> bytes | int | None:
    if not isinstance(data, bytes):
        return None
    # An empty message knows no field, so all of them are there to look at, whichever extensions the process has loaded.
    fields = UnknownFieldSet(empty_pb2.Empty.FromString(data))
    found = [fields[index].data for index in range(len(fields)) if fields[index].field_number == number]
    return found[-1] if found else None
