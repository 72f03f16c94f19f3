"""What house rules look at: an element of an old version beside the element of the same identity in the new one.

Identity is buf's: files by path, messages, enums and services by full name wherever they are declared, fields and enum values by
number, extensions by the message they extend and their number, RPCs by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shop_contracts.compat.elements import Enum, Field, File, Message, Method, Service, Tree
from shop_contracts.compat.house.breaks import Break, field_path, path_of
from shop_contracts.compat.schema import Schema


@dataclass(slots=True)
class SchemaPair:
    """The two versions as a whole."""

    old: Tree
    new: Tree
    main: File
    """The old version's main file."""


@dataclass(slots=True)
class FilePair:
    """A file path both versions have."""

    old: File
    new: File

    def breaks(self, message: str, *, before: str, after: str) -> Break:
        """Return a refusal on the file."""
        return Break("#/", before, after, message, self.new.path, self.old, self.new)


@dataclass(slots=True)
class MessagePair:
    """A message both versions have."""

    old: Message
    new: Message

    def breaks(self, message: str, *, before: str, after: str, at: str = "", old: Any = None) -> Break:
        """Return a refusal on the message, or on what `at` names inside it."""
        path = path_of(self.new.local_name, at)
        return Break(path, before, after, message, self.new.file.path, old or self.old, self.new)


@dataclass(slots=True)
class FieldPair:
    """A field number of a message, or of its extensions, that both versions have."""

    old: Field
    new: Field

    @property
    def in_map_entry(self) -> bool:
        """Whether these are the key or value of a map on both sides."""
        return all(one.parent is not None and one.parent.is_map_entry for one in (self.old, self.new))

    @property
    def is_extension(self) -> bool:
        """Whether the old one extends a message from outside."""
        return bool(self.old.proto.extendee)

    @property
    def path(self) -> str:
        """Where: `#/Order/1`, for an extension `#/[shop.orders.v1.note]`."""
        return field_path(self.new)

    def breaks(self, message: str, *, before: str = "", after: str = "") -> Break:
        """Return a refusal on the field."""
        before, after = before or self.old.declaration, after or self.new.declaration
        return Break(self.path, before, after, message, self.new.file.path, self.old, self.new)


@dataclass(slots=True)
class EnumPair:
    """An enum both versions have."""

    old: Enum
    new: Enum

    def breaks(self, message: str, *, before: str, after: str, at: str = "") -> Break:
        """Return a refusal on the enum, or on what `at` names inside it."""
        return Break(path_of(self.new.local_name, at), before, after, message, self.new.file.path, self.old, self.new)


@dataclass(slots=True)
class EnumNumberPair:
    """A number that an enum has in both versions, with its names."""

    old: Enum
    new: Enum
    number: int

    def breaks(self, message: str, *, before: str, after: str) -> Break:
        """Return a refusal on the number."""
        path = path_of(self.new.local_name, str(self.number))
        return Break(path, before, after, message, self.new.file.path, self.old, self.new)


@dataclass(slots=True)
class ServicePair:
    """A service both versions have."""

    old: Service
    new: Service

    def breaks(self, message: str, *, before: str, after: str, at: str = "") -> Break:
        """Return a refusal on the service, or on what `at` names inside it."""
        return Break(path_of(self.new.name, at), before, after, message, self.new.file.path, self.old, self.new)


@dataclass(slots=True)
class MethodPair:
    """An RPC that a service has in both versions."""

    service: Service
    old: Method
    new: Method

    def breaks(self, message: str, *, before: str, after: str) -> Break:
        """Return a refusal on the RPC."""
        return Break(path_of(self.service.name, self.new.name), before, after, message, self.service.file.path, self.old, self.new)


Pair = SchemaPair | FilePair | MessagePair | FieldPair | EnumPair | EnumNumberPair | ServicePair | MethodPair


def walk(old_schema: Schema, new_schema: Schema) -> Iterator[Pair]:
    """Yield every pair worth a look; messages and fields that are the same to the last option are left out."""
    old, new = old_schema.tree, new_schema.tree
    yield SchemaPair(old, new, old_schema.file)
    for path, file in old.files.items():
        if path in new.files:
            yield FilePair(file, new.files[path])
    same_enums = all(name in new.enums and enum.proto == new.enums[name].proto for name, enum in old.enums.items())
    for name, message in old.messages.items():
        other = new.messages.get(name)
        if other is not None and not (same_enums and _same_ground(message.file, other.file) and message.proto == other.proto):
            yield from _inside_message(message, other)
    for name, enum in old.enums.items():
        if name in new.enums:
            yield from _inside_enum(enum, new.enums[name])
    yield from _extensions(old, new)
    for name, service in old.services.items():
        if name in new.services:
            yield from _inside_service(service, new.services[name])


def _inside_message(old: Message, new: Message) -> Iterator[Pair]:
    yield MessagePair(old, new)
    same_ground = _same_ground(old.file, new.file)
    for number, field in old.by_number.items():
        other = new.by_number.get(number)
        if other is not None and not (same_ground and _is_untouched(field, other)):
            yield FieldPair(field, other)


def _is_untouched(old: Field, new: Field) -> bool:
    # What a named type is may change elsewhere, and a oneof is referred to by its index.
    return not old.proto.type_name and old.proto == new.proto and old.oneof == new.oneof


def _same_ground(old: File, new: File) -> bool:
    # Features and file options reach into fields that look the same; editions spread them, so fields there are always compared.
    return old.syntax == new.syntax != "editions" and old.proto.options == new.proto.options


def _inside_enum(old: Enum, new: Enum) -> Iterator[Pair]:
    yield EnumPair(old, new)
    for number in old.by_number:
        if number in new.by_number:
            yield EnumNumberPair(old, new, number)


def _extensions(old: Tree, new: Tree) -> Iterator[Pair]:
    declared = {(one.proto.extendee, one.number): one for one in new.extensions()}
    for extension in old.extensions():
        other = declared.get((extension.proto.extendee, extension.number))
        if other is not None:
            yield FieldPair(extension, other)


def _inside_service(old: Service, new: Service) -> Iterator[Pair]:
    yield ServicePair(old, new)
    methods = {method.name: method for method in new.methods}
    for method in old.methods:
        if method.name in methods:
            yield MethodPair(new, method, methods[method.name])
