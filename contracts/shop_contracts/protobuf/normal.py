"""Forms of a descriptor to compare schemas by."""

from __future__ import annotations

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto


def canonical_bytes(file: FileDescriptorProto) -> bytes:
    """Return the file without its name, its comments and its layout: equal for two texts that say the same in the same order."""
    copy = _copy(file)
    return copy.SerializeToString(deterministic=True)


def normal_bytes(file: FileDescriptorProto) -> bytes:
    """Like `canonical_bytes`, and without the order of imports, fields and enum values.

    Messages keep their order: their place is part of what Confluent's wire format says about a record.
    """
    copy = _copy(file)
    public, weak = ({copy.dependency[i] for i in each} for each in (copy.public_dependency, copy.weak_dependency))
    imports = sorted(copy.dependency)
    del copy.dependency[:], copy.public_dependency[:], copy.weak_dependency[:]
    copy.dependency.extend(imports)
    copy.public_dependency.extend(i for i, path in enumerate(imports) if path in public)
    copy.weak_dependency.extend(i for i, path in enumerate(imports) if path in weak)
    copy.extension.sort(key=lambda extension: (extension.extendee, extension.number))
    for message in copy.message_type:
        _sort_message(message)
    for enum in copy.enum_type:
        _sort_enum(enum)
    return copy.SerializeToString(deterministic=True)


def _copy(file: FileDescriptorProto) -> FileDescriptorProto:
    copy = FileDescriptorProto()
    copy.CopyFrom(file)
    copy.ClearField("name")
    copy.ClearField("source_code_info")
    return copy


def _sort_message(message: DescriptorProto) -> None:
    oneofs = [oneof.name for oneof in message.oneof_decl]
    message.oneof_decl.sort(key=lambda oneof: oneof.name)
    places = {oneof.name: index for index, oneof in enumerate(message.oneof_decl)}
    for field in message.field:
        if field.HasField("oneof_index"):
            field.oneof_index = places[oneofs[field.oneof_index]]
    message.field.sort(key=lambda field: field.number)
    message.extension.sort(key=lambda extension: (extension.extendee, extension.number))
    message.reserved_range.sort(key=lambda each: each.start)
    message.extension_range.sort(key=lambda each: each.start)
    message.reserved_name.sort()
    # Entries of maps stand where their fields stood, so they move with them; sort() is stable for the rest.
    message.nested_type.sort(key=lambda nested: nested.name if nested.options.map_entry else "")
    for nested in message.nested_type:
        _sort_message(nested)
    for enum in message.enum_type:
        _sort_enum(enum)


def _sort_enum(enum: EnumDescriptorProto) -> None:
    enum.value.sort(key=lambda value: (value.number, value.name))
    enum.reserved_range.sort(key=lambda each: each.start)
    enum.reserved_name.sort()
