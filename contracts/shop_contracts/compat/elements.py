"""A compiled schema as a tree of plain elements with names, parents and editions' features resolved.

Descriptors say what the source says; both modes need more: which message a field sits in, whether an `optional` in proto3 is a
real oneof, whether a message is a map's entry, what an edition's file-wide feature means for one field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from google.protobuf import descriptor_pb2

from shop_contracts.compat import features
from shop_contracts.compat.features import Features

Proto = descriptor_pb2.FieldDescriptorProto
SCALAR_NAMES: dict[int, str] = {number: name.removeprefix("TYPE_").lower() for name, number in Proto.Type.items()}


@dataclass(slots=True, eq=False)
class Field:
    """One field of a message, or one extension."""

    proto: descriptor_pb2.FieldDescriptorProto
    file: File
    parent: Message | None
    number: int
    name: str
    oneof: str | None
    """The oneof it is a member of; None for the invisible oneof behind proto3's `optional`."""

    @property
    def full_name(self) -> str:
        """The dotted name, unique in a compilation; an extension's scope is where it is declared."""
        scope = self.parent.full_name if self.parent is not None else self.file.package
        return f"{scope}.{self.name}" if scope else self.name

    @property
    def features(self) -> Features:
        """The features that hold here."""
        inherited = self.parent.features if self.parent is not None else self.file.features
        if self.proto.HasField("options") and self.proto.options.HasField("features"):
            return features.inherit(inherited, self.proto.options.features)
        return inherited

    @property
    def is_repeated(self) -> bool:
        """Whether it holds many values; true for maps as well."""
        return self.proto.label == Proto.LABEL_REPEATED

    @property
    def is_required(self) -> bool:
        """Whether a reader refuses a message without it (proto2 `required`, or an edition's LEGACY_REQUIRED)."""
        return self.proto.label == Proto.LABEL_REQUIRED or (
            self.file.has_editions and self.features["field_presence"] == features.LEGACY_REQUIRED and not self.is_repeated
        )

    @property
    def type(self) -> int:
        """The wire's view of its type: a message in delimited encoding is a group."""
        declared = self.proto.type
        if (
            declared == Proto.TYPE_MESSAGE
            and self.file.has_editions
            and self.features["message_encoding"] == features.DELIMITED
            and not self._belongs_to_a_map
        ):
            return Proto.TYPE_GROUP
        return declared

    @property
    def type_name(self) -> str:
        """The full name of its message or enum; empty for a scalar."""
        return self.proto.type_name.removeprefix(".")

    @property
    def message(self) -> Message | None:
        """The message it holds, if it holds one."""
        return self.file.tree.messages.get(self.type_name) if self.proto.type in (Proto.TYPE_MESSAGE, Proto.TYPE_GROUP) else None

    @property
    def enum(self) -> Enum | None:
        """The enum it holds, if it holds one."""
        return self.file.tree.enums.get(self.type_name) if self.proto.type == Proto.TYPE_ENUM else None

    @property
    def is_map(self) -> bool:
        """Whether it is declared `map<…>`."""
        return self.is_repeated and (entry := self.message) is not None and entry.is_map_entry

    @property
    def has_presence(self) -> bool:
        """Whether a reader can tell 'not set' from the default value."""
        if self.is_repeated:
            return False
        if self.oneof is not None or self.proto.proto3_optional or self.proto.extendee:
            return True
        if self.proto.type in (Proto.TYPE_MESSAGE, Proto.TYPE_GROUP):
            return True
        return self.features["field_presence"] != features.IMPLICIT

    @property
    def declaration(self) -> str:
        """The field much as the source declares it, without options: `repeated string tags = 4`."""
        return f"{self.label}{self.type_text} {self.name} = {self.number}"

    @property
    def label(self) -> str:
        """The word before the type, with a blank after it, or nothing."""
        if self.is_map or self.oneof is not None:
            return ""
        if self.is_repeated:
            return "repeated "
        if self.is_required:
            return "required "
        return "optional " if self.proto.proto3_optional or self.file.syntax == "proto2" else ""

    @property
    def type_text(self) -> str:
        """The type as the source would say it: `int32`, `shop.orders.v1.Order`, `map<string, int32>`."""
        if self.is_map and (entry := self.message) is not None:
            key, value = entry.by_number[1], entry.by_number[2]
            return f"map<{key.type_text}, {value.type_text}>"
        if self.proto.type == Proto.TYPE_GROUP:
            return f"group {self.type_name}"
        return self.type_name or SCALAR_NAMES[self.proto.type]

    @property
    def _belongs_to_a_map(self) -> bool:
        # The specification keeps maps and their entries length-prefixed, whatever the file's features say.
        return self.is_map or (self.parent is not None and self.parent.is_map_entry)


@dataclass(slots=True, eq=False)
class EnumValue:
    """One name of an enum; with `allow_alias`, several share a number."""

    name: str
    number: int


@dataclass(eq=False)
class Enum:
    """An enum, with where it is declared."""

    proto: descriptor_pb2.EnumDescriptorProto
    file: File
    parent: Message | None
    name: str
    full_name: str
    local_name: str
    values: list[EnumValue]

    @cached_property
    def features(self) -> Features:
        """The features that hold here."""
        inherited = self.parent.features if self.parent is not None else self.file.features
        return features.inherit(inherited, self.proto.options.features) if self.proto.options.HasField("features") else inherited

    @cached_property
    def by_number(self) -> dict[int, list[str]]:
        """Number to its names in declared order."""
        names: dict[int, list[str]] = {}
        for value in self.values:
            names.setdefault(value.number, []).append(value.name)
        return names

    @cached_property
    def by_name(self) -> dict[str, int]:
        """Name to number."""
        return {value.name: value.number for value in self.values}

    @property
    def is_closed(self) -> bool:
        """Whether a reader drops numbers it does not know into the unknown fields."""
        return self.features["enum_type"] == features.CLOSED

    @property
    def reserved_ranges(self) -> list[tuple[int, int]]:
        """Reserved numbers as inclusive ranges."""
        return [(reserved.start, reserved.end) for reserved in self.proto.reserved_range]


@dataclass(eq=False)
class Message:
    """A message, with what is declared inside it."""

    proto: descriptor_pb2.DescriptorProto
    file: File
    parent: Message | None
    name: str
    full_name: str
    local_name: str
    """The name without the package: `Order.Line`."""
    messages: list[Message] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)
    is_map_entry: bool = False

    @cached_property
    def fields(self) -> list[Field]:
        """The fields in declared order, built when first asked for: most messages of a new version are the old ones."""
        oneofs = [oneof.name for oneof in self.proto.oneof_decl]
        return [self._field(one, oneofs) for one in self.proto.field]

    @cached_property
    def extensions(self) -> list[Field]:
        """The extensions declared inside the message; what they extend is another matter."""
        return [self._field(one, []) for one in self.proto.extension]

    def _field(self, proto: descriptor_pb2.FieldDescriptorProto, oneofs: list[str]) -> Field:
        is_member = bool(oneofs) and proto.HasField("oneof_index") and not proto.proto3_optional
        return Field(proto, self.file, self, proto.number, proto.name, oneofs[proto.oneof_index] if is_member else None)

    @cached_property
    def features(self) -> Features:
        """The features that hold here."""
        inherited = self.parent.features if self.parent is not None else self.file.features
        return features.inherit(inherited, self.proto.options.features) if self.proto.options.HasField("features") else inherited

    @cached_property
    def by_number(self) -> dict[int, Field]:
        """Number to field."""
        return {field.number: field for field in self.fields}

    @cached_property
    def by_json_name(self) -> dict[str, Field]:
        """Name in JSON to the first field of it; proto2 lets several fields have one."""
        return {field.proto.json_name: field for field in reversed(self.fields)}

    @cached_property
    def oneofs(self) -> dict[str, list[Field]]:
        """The oneofs the source declares, with their members in declared order."""
        members: dict[str, list[Field]] = {}
        for one in self.fields:
            if one.oneof is not None:
                members.setdefault(one.oneof, []).append(one)
        return members

    @property
    def reserved_ranges(self) -> list[tuple[int, int]]:
        """Reserved numbers as inclusive ranges."""
        return [(reserved.start, reserved.end - 1) for reserved in self.proto.reserved_range]

    @property
    def extension_ranges(self) -> list[tuple[int, int]]:
        """Numbers left to extensions, as inclusive ranges."""
        return [(extensions.start, extensions.end - 1) for extensions in self.proto.extension_range]

    @property
    def group_types(self) -> set[str]:
        """Full names of the messages that exist only because a proto2 `group` declares field and type in one."""
        return _group_types((*self.fields, *self.extensions))


@dataclass(eq=False)
class Method:
    """One RPC."""

    proto: descriptor_pb2.MethodDescriptorProto
    name: str


@dataclass(eq=False)
class Service:
    """A service and its RPCs."""

    proto: descriptor_pb2.ServiceDescriptorProto
    file: File
    name: str
    full_name: str
    methods: list[Method]


@dataclass(eq=False)
class File:
    """One .proto file."""

    proto: descriptor_pb2.FileDescriptorProto
    tree: Tree
    path: str
    package: str
    syntax: str
    messages: list[Message] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    extensions: list[Field] = field(default_factory=list)

    @property
    def has_editions(self) -> bool:
        """Whether it is written in an edition rather than proto2 or proto3."""
        return self.syntax == "editions"

    @cached_property
    def features(self) -> Features:
        """The features that hold for the whole file."""
        defaults = features.edition_defaults(features.edition_of(self.proto))
        return features.inherit(defaults, self.proto.options.features) if self.proto.options.HasField("features") else defaults

    def all_messages(self) -> Iterator[Message]:
        """Yield every message declared in the file, nested ones and map entries included."""
        waiting = list(self.messages)
        while waiting:
            message = waiting.pop(0)
            yield message
            waiting[:0] = message.messages

    def all_enums(self) -> Iterator[Enum]:
        """Yield every enum declared in the file, nested ones included."""
        yield from self.enums
        for message in self.all_messages():
            yield from message.enums

    def all_extensions(self) -> Iterator[Field]:
        """Yield every extension declared in the file, in messages too."""
        yield from self.extensions
        for message in self.all_messages():
            yield from message.extensions

    @property
    def group_types(self) -> set[str]:
        """Full names of the messages that exist only because an extension is declared as a `group`."""
        return _group_types(self.extensions)


def _group_types(fields: Iterable[Field]) -> set[str]:
    return {one.type_name for one in fields if one.proto.type == Proto.TYPE_GROUP}


class Tree:
    """Every element of a compilation, found by full name."""

    def __init__(self, files: dict[str, descriptor_pb2.FileDescriptorProto]) -> None:
        self.files: dict[str, File] = {}
        self.messages: dict[str, Message] = {}
        self.enums: dict[str, Enum] = {}
        self.services: dict[str, Service] = {}
        for path, proto in files.items():
            self.files[path] = self._file(path, proto)

    def extensions(self) -> Iterator[Field]:
        """Yield every extension of every file."""
        for file in self.files.values():
            yield from file.extensions
        for message in self.messages.values():
            yield from message.extensions

    @cached_property
    def extensions_by_number(self) -> dict[tuple[str, int], Field]:
        """What is extended and the number to the extension."""
        return {(one.proto.extendee, one.number): one for one in self.extensions()}

    @cached_property
    def fields_by_type(self) -> dict[str, list[Field]]:
        """Full name of a message or an enum to the fields that hold it."""
        found: dict[str, list[Field]] = {}
        for message in self.messages.values():
            for one in message.fields:
                if one.type_name:
                    found.setdefault(one.type_name, []).append(one)
        return found

    def _file(self, path: str, proto: descriptor_pb2.FileDescriptorProto) -> File:
        file = File(proto, self, path, proto.package, proto.syntax or "proto2")
        scope = f"{proto.package}." if proto.package else ""
        file.messages = [self._message(message, file, None, scope, "") for message in proto.message_type]
        file.enums = [self._enum(enum, file, None, scope, "") for enum in proto.enum_type]
        file.services = [self._service(service, file, scope) for service in proto.service]
        file.extensions = [Field(one, file, None, one.number, one.name, None) for one in proto.extension]
        return file

    def _message(
        self, proto: descriptor_pb2.DescriptorProto, file: File, parent: Message | None, scope: str, local_scope: str
    ) -> Message:
        name = proto.name
        message = Message(proto, file, parent, name, scope + name, local_scope + name)
        message.is_map_entry = proto.HasField("options") and proto.options.map_entry
        scope, local_scope = f"{scope}{name}.", f"{local_scope}{name}."
        message.messages = [self._message(nested, file, message, scope, local_scope) for nested in proto.nested_type]
        message.enums = [self._enum(nested, file, message, scope, local_scope) for nested in proto.enum_type]
        self.messages[message.full_name] = message
        return message

    def _enum(
        self, proto: descriptor_pb2.EnumDescriptorProto, file: File, parent: Message | None, scope: str, local_scope: str
    ) -> Enum:
        values = [EnumValue(value.name, value.number) for value in proto.value]
        enum = Enum(proto, file, parent, proto.name, scope + proto.name, local_scope + proto.name, values)
        self.enums[enum.full_name] = enum
        return enum

    def _service(self, proto: descriptor_pb2.ServiceDescriptorProto, file: File, scope: str) -> Service:
        methods = [Method(method, method.name) for method in proto.method]
        service = Service(proto, file, proto.name, scope + proto.name, methods)
        self.services[service.full_name] = service
        return service
