"""Editions: the features that hold for a file, message, field or enum, with syntax levels read as editions of their own.

The defaults of every edition are the ones the Protobuf runtime itself carries in `descriptor.proto` (`edition_defaults`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from google.protobuf import descriptor_pb2

_Set = descriptor_pb2.FeatureSet
Features = Mapping[str, int]
"""Feature name to the number of its value, every feature present."""

LEGACY_REQUIRED = _Set.LEGACY_REQUIRED
IMPLICIT = _Set.IMPLICIT
DELIMITED = _Set.DELIMITED
CLOSED = _Set.CLOSED
JSON_ALLOW = _Set.ALLOW
UTF8_VERIFY = _Set.VERIFY


def edition_of(file: descriptor_pb2.FileDescriptorProto) -> int:
    """Return the edition a file is judged by; proto2 and proto3 count as the editions named after them."""
    if file.syntax == "editions":
        return file.edition
    return descriptor_pb2.EDITION_PROTO3 if file.syntax == "proto3" else descriptor_pb2.EDITION_PROTO2


@cache
def edition_defaults(edition: int) -> Features:
    """Return what holds in an edition where nothing is set."""
    return {field.name: _default(field, edition) for field in _Set.DESCRIPTOR.fields if field.enum_type is not None}


def _default(field: object, edition: int) -> int:
    known = [default for default in field.GetOptions().edition_defaults if default.edition <= edition]  # type: ignore[attr-defined]  # upb's descriptor types are private
    if not known:
        return 0
    latest = max(known, key=lambda default: default.edition)
    return int(field.enum_type.values_by_name[latest.value].number)  # type: ignore[attr-defined]  # as above


def inherit(parent: Features, own: descriptor_pb2.FeatureSet) -> Features:
    """Return the parent's features with what an element sets itself on top."""
    changed = {field.name: value for field, value in own.ListFields() if field.enum_type is not None and not field.is_extension}
    return {**parent, **changed} if changed else parent


def value_name(feature: str, number: int) -> str:
    """Return a feature's value as it is written in a .proto file."""
    enum = _Set.DESCRIPTOR.fields_by_name[feature].enum_type
    return str(enum.values_by_number[number].name) if enum is not None else str(number)
