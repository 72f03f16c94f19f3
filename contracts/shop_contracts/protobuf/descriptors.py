"""Descriptors that come as bytes, checked by printing and compiling them."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError

from shop_contracts.protobuf.compiled import CompiledProto, InvalidProto, Problem
from shop_contracts.protobuf.compiler import MAX_SOURCE_BYTES, compile_proto, is_import_name
from shop_contracts.protobuf.printer import Unprintable, print_descriptor


def compile_descriptor(
    descriptor: FileDescriptorProto | bytes, references: Mapping[str, str] | None = None, *, name: str = "schema.proto"
) -> CompiledProto:
    """Check a binary descriptor by compiling what it prints as; the result is what the same file as text would give.

    Raises InvalidProto for bytes that are no descriptor and for a descriptor that describes no valid file.
    """
    parsed = _parse_descriptor(descriptor, name)
    imports = "".join(f'import "{path}";\n' for path in [*parsed.dependency, *parsed.option_dependency] if is_import_name(path))
    closure = compile_proto(f'syntax = "proto3";\n{imports}', references, name=name)
    try:
        text = print_descriptor(parsed, closure.dependencies)
    except Unprintable as error:
        raise InvalidProto([Problem(name, 0, 0, str(error))]) from error
    return compile_proto(text, references, name=name)


def _parse_descriptor(descriptor: FileDescriptorProto | bytes, name: str) -> FileDescriptorProto:
    if isinstance(descriptor, FileDescriptorProto):
        return descriptor
    if len(descriptor) > MAX_SOURCE_BYTES:
        raise InvalidProto(
            [Problem(name, 0, 0, f"The descriptor has {len(descriptor):,} bytes; {MAX_SOURCE_BYTES:,} are allowed.")]
        )
    try:
        return FileDescriptorProto.FromString(descriptor)
    except DecodeError as error:
        raise InvalidProto([Problem(name, 0, 0, f"The bytes are no FileDescriptorProto: {error}.")]) from error
