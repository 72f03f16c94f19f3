"""Custom options of a file: dropping them, and the tags that `confluent/meta.proto` lets a schema carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

from shop_contracts.protobuf.compiled import CompiledProto
from shop_contracts.protobuf.compiler import compile_proto
from shop_contracts.protobuf.printer import print_descriptor, with_known_options

_META_FILE = "confluent/meta.proto"
_MESSAGE_META, _FIELD_META = "confluent.message_meta", "confluent.field_meta"


def print_without_extensions(compiled: CompiledProto) -> str:
    """Return the file as text without extensions and custom options, those of Confluent apart."""
    file = with_known_options(_copy(compiled.file), compiled.dependencies)
    for owner in _with_options(file):
        for option, _ in owner.options.ListFields():
            if option.is_extension and not option.full_name.startswith("confluent."):
                owner.options.ClearExtension(option)
        if owner.HasField("options") and not owner.options.ByteSize():
            owner.ClearField("options")
    del file.extension[:]
    for message in _messages(file.message_type):
        del message.extension[:]
    return print_descriptor(file, compiled.dependencies)


def tags_of(compiled: CompiledProto) -> dict[tuple[str, bool], list[str]]:
    """Return the tags by what carries them: a path of messages, and whether it ends in a field."""
    file = with_known_options(compiled.file, compiled.dependencies)
    found = {entity: list(_meta(owner, entity[1]).tags) for entity, owner in _entities(file) if _has_meta(owner, entity[1])}
    return {entity: tags for entity, tags in found.items() if tags}


def print_with_tags(compiled: CompiledProto, sources: Mapping[str, str], tags: Mapping[tuple[str, bool], list[str]]) -> str:
    """Return the file as text in which the entities carry these tags instead of their own.

    `sources` are its imports, as in `compile_proto`. Raises KeyError for an entity that the file does not have.
    """
    file, dependencies = _copy(compiled.file), compiled.dependencies
    if _META_FILE not in {dependency.name for dependency in dependencies}:
        file.dependency.append(_META_FILE)
        imports = "".join(f'import "{name}";\n' for name in file.dependency)
        dependencies = compile_proto(f'syntax = "proto3";\n{imports}', sources).dependencies
    known = with_known_options(file, dependencies)
    entities = dict(_entities(known))
    for entity, names in tags.items():
        meta = _meta(entities[entity], entity[1])
        del meta.tags[:]
        meta.tags.extend(names)
    return print_descriptor(known, dependencies)


def _copy(file: FileDescriptorProto) -> FileDescriptorProto:
    copy = FileDescriptorProto()
    copy.CopyFrom(file)
    return copy


def _entities(file: FileDescriptorProto) -> Iterator[tuple[tuple[str, bool], Any]]:
    def walk(messages: Iterable[DescriptorProto], scope: str) -> Iterator[tuple[tuple[str, bool], Any]]:
        for message in messages:
            path = f"{scope}{message.name}"
            yield (path, False), message
            for field in message.field:
                yield (f"{path}.{field.name}", True), field
            yield from walk(message.nested_type, f"{path}.")

    return walk(file.message_type, "")


def _extension(owner: Any, is_field: bool) -> Any:
    pool = owner.DESCRIPTOR.file.pool
    return pool.FindExtensionByName(_FIELD_META if is_field else _MESSAGE_META)


def _has_meta(owner: Any, is_field: bool) -> bool:
    try:
        return bool(owner.options.HasExtension(_extension(owner, is_field)))
    except KeyError:  # the file does not import Confluent's options
        return False


def _meta(owner: Any, is_field: bool) -> Any:
    return owner.options.Extensions[_extension(owner, is_field)]


def _messages(messages: Iterable[DescriptorProto]) -> Iterator[DescriptorProto]:
    for message in messages:
        yield message
        yield from _messages(message.nested_type)


def _with_options(file: FileDescriptorProto) -> Iterator[Any]:
    yield file
    enums = list(file.enum_type)
    for message in _messages(file.message_type):
        enums += message.enum_type
        yield from (message, *message.field, *message.oneof_decl, *message.extension_range)
    for enum in enums:
        yield from (enum, *enum.value)
    for service in file.service:
        yield from (service, *service.method)
