"""Descriptors to .proto text: what a registry answers for a schema that was registered as a descriptor.

The text compiles back to the same descriptor (a property test holds that). Custom options are printed where their definitions
are among the dependencies; an option nobody defines has no name that could be printed, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from google.protobuf import descriptor_pool, message_factory, unknown_fields
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    Edition,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    OneofDescriptorProto,
    ServiceDescriptorProto,
)
from google.protobuf.message import Message

from shop_contracts.protobuf.compiled import CompiledProto

_SCALARS = {
    FieldDescriptorProto.TYPE_DOUBLE: "double",
    FieldDescriptorProto.TYPE_FLOAT: "float",
    FieldDescriptorProto.TYPE_INT64: "int64",
    FieldDescriptorProto.TYPE_UINT64: "uint64",
    FieldDescriptorProto.TYPE_INT32: "int32",
    FieldDescriptorProto.TYPE_FIXED64: "fixed64",
    FieldDescriptorProto.TYPE_FIXED32: "fixed32",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_STRING: "string",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
    FieldDescriptorProto.TYPE_UINT32: "uint32",
    FieldDescriptorProto.TYPE_SFIXED32: "sfixed32",
    FieldDescriptorProto.TYPE_SFIXED64: "sfixed64",
    FieldDescriptorProto.TYPE_SINT32: "sint32",
    FieldDescriptorProto.TYPE_SINT64: "sint64",
}
_MAX_MESSAGE_FIELD = 536_870_911
_MAX_MESSAGE_SET_FIELD = 2_147_483_646
_MAX_ENUM_VALUE = 2_147_483_647
_INDENT = "  "
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Unprintable(ValueError):
    """The descriptor says something that .proto text cannot: an option without a definition, a name that is no identifier."""


def print_proto(compiled: CompiledProto) -> str:
    """Return the file as .proto text, without comments. Raises Unprintable."""
    return print_descriptor(compiled.file, compiled.dependencies)


def print_descriptor(file: FileDescriptorProto, dependencies: Sequence[FileDescriptorProto]) -> str:
    """Like `print_proto`, for a descriptor that nobody has checked yet. Raises Unprintable."""
    if file.DESCRIPTOR is FileDescriptorProto.DESCRIPTOR:
        file = with_known_options(file, dependencies)
    return _Printer(file, dependencies).print()


def with_known_options(file: FileDescriptorProto, dependencies: Sequence[FileDescriptorProto]) -> FileDescriptorProto:
    """Return the same file in a message class that knows the custom options its imports (or it itself) define."""
    by_name = {dependency.name: dependency for dependency in dependencies}
    if "google/protobuf/descriptor.proto" not in by_name:
        return file
    pool = descriptor_pool.DescriptorPool()
    for dependency in dependencies:
        pool.AddSerializedFile(dependency.SerializeToString())
    try:
        pool.AddSerializedFile(file.SerializeToString())
    except TypeError as error:
        raise Unprintable(f"The descriptor describes no valid file: {error}") from error
    for extension in _extensions_of_options(pool, [*dependencies, file]):
        # Looking an extension up is what makes the runtime's parser know it.
        if extension.containing_type is not None:
            message_factory.GetMessageClass(extension.containing_type)
    known = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FileDescriptorProto"))
    return known.FromString(file.SerializeToString())  # type: ignore[return-value]  # the same message type in another pool


def _extensions_of_options(pool: Any, files: Iterable[FileDescriptorProto]) -> Iterator[FieldDescriptor]:
    def walk(
        scope: str, extensions: Iterable[FieldDescriptorProto], messages: Iterable[DescriptorProto]
    ) -> Iterator[FieldDescriptor]:
        for extension in extensions:
            if extension.extendee.startswith(".google.protobuf."):
                yield pool.FindExtensionByName(f"{scope}{extension.name}")
        for message in messages:
            yield from walk(f"{scope}{message.name}.", message.extension, message.nested_type)

    for file in files:
        yield from walk(f"{file.package}." if file.package else "", file.extension, file.message_type)


class _Symbols:
    """The names a file can see, to print each type as short as the compiler's scoping rules let it."""

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        self._scopes: set[str] = set()
        self._leaves: set[str] = set()
        for file in files:
            parts = file.package.split(".") if file.package else []
            self._scopes.update(".".join(parts[: i + 1]) for i in range(len(parts)))
            self._add(file.package, file.message_type, file.enum_type, file.extension)
            self._leaves.update(_join(file.package, service.name) for service in file.service)

    def _add(
        self,
        scope: str,
        messages: Iterable[DescriptorProto],
        enums: Iterable[EnumDescriptorProto],
        extensions: Iterable[FieldDescriptorProto],
    ) -> None:
        for enum in enums:
            self._scopes.add(_join(scope, enum.name))
            self._leaves.update(_join(scope, value.name) for value in enum.value)
        self._leaves.update(_join(scope, extension.name) for extension in extensions)
        for message in messages:
            name = _join(scope, message.name)
            self._scopes.add(name)
            self._leaves.update(_join(name, field.name) for field in message.field)
            self._leaves.update(_join(name, oneof.name) for oneof in message.oneof_decl)
            self._add(name, message.nested_type, message.enum_type, message.extension)

    def shortest(self, target: str, scope: str) -> str:
        """Return a name that the compiler, reading in `scope`, resolves to `target` (both full, without a leading dot)."""
        parts = target.split(".")
        for start in range(len(parts) - 1, -1, -1):
            candidate = ".".join(parts[start:])
            if self._resolve(candidate, scope) == target:
                return candidate
        return f".{target}"

    def _resolve(self, name: str, scope: str) -> str | None:
        first, dot, _ = name.partition(".")
        while True:
            found = _join(scope, first)
            if found in self._scopes or (not dot and found in self._leaves):
                return _join(scope, name)
            if found in self._leaves or not scope:
                return None
            scope = scope.rpartition(".")[0]


def _join(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name


@dataclass
class _Unit:
    """Something written in one piece; `makes` names the messages that come into being with it."""

    print: Callable[[], None]
    makes: list[str]


class _Printer:
    def __init__(self, file: FileDescriptorProto, dependencies: Sequence[FileDescriptorProto]) -> None:
        self._file = file
        self._symbols = _Symbols([*dependencies, file])
        self._lines: list[str] = []
        self._depth = 0
        self._syntax = file.syntax or "proto2"

    def print(self) -> str:
        file = self._file
        if self._syntax == "editions":
            self._line(f'edition = "{Edition.Name(file.edition).removeprefix("EDITION_")}";')
        else:
            self._line(f'syntax = "{self._syntax}";')
        if file.package:
            self._line(f"package {self._dotted(file.package)};")
        self._imports()
        self._statements_of_options(file, file.package)
        self._declarations([], file.extension, file.message_type, file.package)
        for enum in file.enum_type:
            self._blank()
            self._enum(enum, file.package)
        for service in file.service:
            self._blank()
            self._service(service, file.package)
        return "\n".join(self._lines) + "\n"

    # -- lines

    def _line(self, text: str) -> None:
        self._lines.append(f"{_INDENT * self._depth}{text}")

    def _blank(self) -> None:
        if self._lines and self._lines[-1] and not self._lines[-1].endswith("{"):
            self._lines.append("")

    def _block(self, head: str, body: Callable[[], None]) -> None:
        before = len(self._lines)
        self._line(f"{head} {{")
        self._depth += 1
        body()
        self._depth -= 1
        if len(self._lines) == before + 1:
            self._lines[before] += "}"
        else:
            self._line("}")

    def _identifier(self, name: str) -> str:
        if not _IDENTIFIER.fullmatch(name):
            raise Unprintable(f"{name!r} in the descriptor is no identifier.")
        return name

    def _dotted(self, name: str) -> str:
        for part in name.split("."):
            self._identifier(part)
        return name

    def _type(self, full_name: str, scope: str) -> str:
        if not full_name.startswith("."):
            return self._dotted(full_name)  # not resolved yet: the compiler will do it
        return self._symbols.shortest(self._dotted(full_name[1:]), scope)

    # -- the file

    def _imports(self) -> None:
        file = self._file
        public, weak = set(file.public_dependency), set(file.weak_dependency)
        if file.dependency or file.option_dependency:
            self._blank()
        for index, path in enumerate(file.dependency):
            kind = "public " if index in public else "weak " if index in weak else ""
            self._line(f"import {kind}{_quoted(path)};")
        for path in file.option_dependency:
            self._line(f"import option {_quoted(path)};")

    def _statements_of_options(self, owner: Any, scope: str) -> None:
        if not owner.HasField("options"):
            return
        options = list(self._options(owner.options, scope))
        if options and self._depth == 0:
            self._blank()
        self._option_lines(options)

    def _option_lines(self, options: Iterable[tuple[str, str]]) -> None:
        for name, value in options:
            self._line(f"option {name} = {value};")

    # -- messages

    def _message(self, message: DescriptorProto, scope: str) -> None:
        self._block(
            f"{self._visibility(message)}message {self._identifier(message.name)}", lambda: self._message_body(message, scope)
        )

    @staticmethod
    def _visibility(owner: DescriptorProto | EnumDescriptorProto) -> str:
        return {1: "local ", 2: "export "}.get(owner.visibility, "")

    def _message_body(self, message: DescriptorProto, scope: str) -> None:
        inner = _join(scope, message.name)
        self._statements_of_options(message, inner)
        for line in self._reserved(message):
            self._line(line)
        for line in self._extension_ranges(message, inner):
            self._line(line)
        self._declarations(self._field_units(message, inner), message.extension, message.nested_type, inner)
        for enum in message.enum_type:
            self._blank()
            self._enum(enum, inner)

    def _reserved(self, owner: DescriptorProto | EnumDescriptorProto) -> Iterator[str]:
        # Ranges of messages end before `end`, those of enums with it.
        is_enum = owner.DESCRIPTOR.name == "EnumDescriptorProto"
        biggest, beyond = (_MAX_ENUM_VALUE, 0) if is_enum else (self._biggest_number(owner), 1)
        ranges = [_range(each.start, each.end - beyond, biggest) for each in owner.reserved_range]
        if ranges:
            yield f"reserved {', '.join(ranges)};"
        if owner.reserved_name:
            bare = self._syntax == "editions"
            yield f"reserved {', '.join(self._identifier(name) if bare else _quoted(name) for name in owner.reserved_name)};"

    @staticmethod
    def _biggest_number(message: Any) -> int:
        return _MAX_MESSAGE_SET_FIELD if message.options.message_set_wire_format else _MAX_MESSAGE_FIELD

    def _extension_ranges(self, message: DescriptorProto, scope: str) -> Iterator[str]:
        for each in message.extension_range:
            options = self._inline(self._options(each.options, scope)) if each.HasField("options") else ""
            yield f"extensions {_range(each.start, each.end - 1, self._biggest_number(message))}{options};"

    def _declarations(
        self, fields: Sequence[_Unit], extensions: Sequence[FieldDescriptorProto], messages: Sequence[DescriptorProto], scope: str
    ) -> None:
        """Print fields, extensions and messages so that each kind compiles back in its order.

        Maps and groups make messages where they stand, so they hold the order of fields against that of messages.
        """
        waiting_fields, waiting_extends, waiting = list(fields), self._extend_units(extensions, messages, scope), list(messages)
        made_elsewhere = {name for unit in (*waiting_fields, *waiting_extends) for name in unit.makes}

        def is_ready(unit: _Unit) -> bool:
            return [message.name for message in waiting[: len(unit.makes)]] == unit.makes

        while waiting_fields or waiting_extends or waiting:
            has_message = bool(waiting) and waiting[0].name not in made_elsewhere
            if waiting_fields and is_ready(waiting_fields[0]):
                unit = waiting_fields.pop(0)
            elif waiting_extends and is_ready(waiting_extends[0]) and not waiting_fields:
                unit = waiting_extends.pop(0)
            elif has_message:
                self._blank()
                self._message(waiting.pop(0), scope)
                continue
            elif waiting_fields or waiting_extends:
                ready_extends = [unit for unit in waiting_extends[:1] if is_ready(unit)]
                unit = (waiting_extends if ready_extends or not waiting_fields else waiting_fields).pop(0)
            else:
                break
            unit.print()
            waiting = [message for message in waiting if message.name not in unit.makes]

    def _field_units(self, message: DescriptorProto, scope: str) -> list[_Unit]:
        real = {f.oneof_index for f in message.field if f.HasField("oneof_index") and not f.proto3_optional}
        units: dict[object, _Unit] = {}
        for position, field in enumerate(message.field):
            makes = self._made_messages([field], message.nested_type, scope)
            if not field.HasField("oneof_index") or field.oneof_index not in real:
                units["field", position] = _Unit(partial(self._field, field, scope, message.nested_type), makes)
                continue
            index = field.oneof_index
            unit = units.setdefault(
                ("oneof", index), _Unit(partial(self._oneof, message.oneof_decl[index], index, message, scope), [])
            )
            unit.makes.extend(makes)
        return list(units.values())

    def _extend_units(
        self, extensions: Sequence[FieldDescriptorProto], messages: Sequence[DescriptorProto], scope: str
    ) -> list[_Unit]:
        return [
            _Unit(partial(self._extend, extendee, group, messages, scope), self._made_messages(group, messages, scope))
            for extendee, group in ((name, list(each)) for name, each in groupby(extensions, key=lambda e: e.extendee))
        ]

    def _made_messages(self, fields: Iterable[FieldDescriptorProto], messages: Sequence[DescriptorProto], scope: str) -> list[str]:
        """Return names of the messages that these fields make by being written: entries of maps, and groups."""
        made: list[str] = []
        for field in fields:
            entry = self._map_entry(field, scope, messages)
            if entry is not None:
                made.append(entry.name)
            elif field.type == FieldDescriptorProto.TYPE_GROUP and self._syntax == "proto2":
                made.append(field.type_name.rpartition(".")[2])
        return made

    def _extend(
        self, extendee: str, group: Sequence[FieldDescriptorProto], messages: Sequence[DescriptorProto], scope: str
    ) -> None:
        def body() -> None:
            for extension in group:
                self._field(extension, scope, messages)

        self._blank()
        self._block(f"extend {self._type(extendee, scope)}", body)

    def _oneof(self, oneof: OneofDescriptorProto, index: int, message: DescriptorProto, scope: str) -> None:
        def body() -> None:
            self._statements_of_options(oneof, scope)
            for field in message.field:
                if field.HasField("oneof_index") and field.oneof_index == index:
                    self._field(field, scope, message.nested_type, in_oneof=True)

        self._block(f"oneof {self._identifier(oneof.name)}", body)

    def _field(self, field: FieldDescriptorProto, scope: str, nested: Iterable[DescriptorProto], *, in_oneof: bool = False) -> None:
        entry = self._map_entry(field, scope, nested)
        options = self._inline(self._field_options(field, scope))
        number = field.number
        if entry is not None:
            key, value = entry.field
            self._line(
                f"map<{_SCALARS[key.type]}, {self._field_type(value, _join(scope, entry.name))}> "
                f"{self._identifier(field.name)} = {number}{options};"
            )
            return
        label = "" if in_oneof else self._label(field)
        if field.type == FieldDescriptorProto.TYPE_GROUP and self._syntax == "proto2":
            group = next((each for each in nested if f".{_join(scope, each.name)}" == field.type_name), None)
            if group is None:
                raise Unprintable(f"The group {field.type_name} is not declared beside its field {field.name}.")
            self._block(f"{label}group {group.name} = {number}{options}", lambda: self._message_body(group, scope))
            return
        self._line(f"{label}{self._field_type(field, scope)} {self._identifier(field.name)} = {number}{options};")

    @staticmethod
    def _map_entry(field: FieldDescriptorProto, scope: str, nested: Iterable[DescriptorProto]) -> DescriptorProto | None:
        if field.label != FieldDescriptorProto.LABEL_REPEATED or field.type != FieldDescriptorProto.TYPE_MESSAGE:
            return None
        for message in nested:
            if message.options.map_entry and field.type_name == f".{_join(scope, message.name)}" and len(message.field) == 2:
                return message
        return None

    def _field_type(self, field: FieldDescriptorProto, scope: str) -> str:
        return _SCALARS.get(field.type) or self._type(field.type_name, scope)

    def _label(self, field: FieldDescriptorProto) -> str:
        if field.label == FieldDescriptorProto.LABEL_REPEATED:
            return "repeated "
        if field.label == FieldDescriptorProto.LABEL_REQUIRED:
            return "required "
        if self._syntax == "proto2" or field.proto3_optional:
            return "optional "
        return ""

    def _field_options(self, field: FieldDescriptorProto, scope: str) -> Iterator[tuple[str, str]]:
        if field.HasField("default_value"):
            yield "default", _default(field)
        if field.HasField("json_name") and field.json_name != default_json_name(field.name) and not field.HasField("extendee"):
            yield "json_name", _quoted(field.json_name)
        if field.HasField("options"):
            yield from self._options(field.options, scope)

    # -- enums and services

    def _enum(self, enum: EnumDescriptorProto, scope: str) -> None:
        def body() -> None:
            # Names of values live beside the enum, not in it.
            self._statements_of_options(enum, _join(scope, enum.name))
            for line in self._reserved(enum):
                self._line(line)
            for value in enum.value:
                options = self._inline(self._options(value.options, scope)) if value.HasField("options") else ""
                self._line(f"{self._identifier(value.name)} = {value.number}{options};")

        self._block(f"{self._visibility(enum)}enum {self._identifier(enum.name)}", body)

    def _service(self, service: ServiceDescriptorProto, scope: str) -> None:
        inner = _join(scope, service.name)

        def body() -> None:
            self._statements_of_options(service, inner)
            for method in service.method:
                asked = f"{'stream ' if method.client_streaming else ''}{self._type(method.input_type, inner)}"
                answered = f"{'stream ' if method.server_streaming else ''}{self._type(method.output_type, inner)}"
                head = f"rpc {self._identifier(method.name)}({asked}) returns ({answered})"
                options = list(self._options(method.options, inner)) if method.HasField("options") else []
                if method.HasField("options"):
                    self._block(head, partial(self._option_lines, options))
                else:
                    self._line(f"{head};")

        self._block(f"service {self._identifier(service.name)}", body)

    # -- options

    @staticmethod
    def _inline(options: Iterable[tuple[str, str]]) -> str:
        printed = ", ".join(f"{name} = {value}" for name, value in options)
        return f" [{printed}]" if printed else ""

    def _options(self, options: Message, scope: str) -> Iterator[tuple[str, str]]:
        if len(unknown_fields.UnknownFieldSet(options)):
            raise Unprintable(f"An option of {options.DESCRIPTOR.name} is defined neither in the file nor in its imports.")
        for field, value in options.ListFields():
            if field.full_name.endswith("Options.map_entry") or field.name == "uninterpreted_option":
                continue
            name = f"({self._symbols.shortest(field.full_name, scope)})" if field.is_extension else field.name
            for each in value if field.is_repeated else [value]:
                yield name, self._option_value(field, each)

    def _option_value(self, field: FieldDescriptor, value: Any) -> str:
        if field.message_type is not None:
            return self._aggregate(value)
        return _literal(field, value)

    def _aggregate(self, message: Message) -> str:
        """A message as a text-format literal; extensions in it are named in full, as the compiler's text parser wants them."""
        if len(unknown_fields.UnknownFieldSet(message)):
            raise Unprintable(f"A value of {message.DESCRIPTOR.full_name} in an option has fields nobody defines.")
        parts: list[str] = []
        for field, value in message.ListFields():
            name = f"[{field.full_name}]" if field.is_extension else _text_format_name(field)
            if _is_map(field):
                parts += [f"{name} {{ {self._map_item(field, key, value[key])} }}" for key in sorted(value, key=str)]
            else:
                several = value if field.is_repeated else [value]
                parts += [
                    f"{name} {self._aggregate(v)}" if field.message_type else f"{name}: {_literal(field, v)}" for v in several
                ]
        return f"{{ {' '.join(parts)} }}" if parts else "{}"

    def _map_item(self, field: FieldDescriptor, key: Any, value: Any) -> str:
        entry = field.message_type
        if entry is None:
            raise Unprintable(f"The map {field.full_name} has no entry type.")
        key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
        printed = f"value {self._aggregate(value)}" if value_field.message_type else f"value: {_literal(value_field, value)}"
        return f"key: {_literal(key_field, key)} {printed}"


def _is_map(field: FieldDescriptor) -> bool:
    return field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry


def _text_format_name(field: FieldDescriptor) -> str:
    """Groups go by the name of their type in the text format."""
    group = field.message_type if field.type == FieldDescriptor.TYPE_GROUP else None
    return group.name if group is not None and group.name.lower() == field.name else field.name


def default_json_name(name: str) -> str:
    """Return the JSON name a field has unless it is given another: underscores go, and the letter after one becomes a capital."""
    out: list[str] = []
    capital = False
    for character in name:
        if character == "_":
            capital = True
            continue
        out.append(character.upper() if capital and "a" <= character <= "z" else character)
        capital = False
    return "".join(out)


def _range(first: int, last: int, biggest: int) -> str:
    if first == last:
        return str(first)
    return f"{first} to {'max' if last == biggest else last}"


def _default(field: FieldDescriptorProto) -> str:
    if field.type == FieldDescriptorProto.TYPE_STRING:
        return _quoted(field.default_value)
    if field.type == FieldDescriptorProto.TYPE_BYTES:
        return f'"{field.default_value}"'  # already C-escaped in the descriptor
    return field.default_value


def _literal(field: FieldDescriptor, value: Any) -> str:
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return named.name if named is not None else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f'"{_escaped(value)}"'
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return _float(value, single=field.type == FieldDescriptor.TYPE_FLOAT)
    return str(value)


def _float(value: float, *, single: bool) -> str:
    if value != value:  # noqa: PLR0124 - the one value that differs from itself
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return f"{value:.9g}" if single else repr(value)


_ESCAPES = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", ord('"'): '\\"', ord("\\"): "\\\\"}


def _quoted(text: str) -> str:
    return f'"{_escaped(text.encode(), keep_unicode=True)}"'


def _escaped(raw: bytes, *, keep_unicode: bool = False) -> str:
    if keep_unicode:
        return "".join(_ESCAPES.get(ord(c)) or (c if c >= " " and c != "\x7f" else f"\\{ord(c):03o}") for c in raw.decode())
    return "".join(_ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in raw)
