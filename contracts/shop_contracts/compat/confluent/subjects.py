"""What the walk meets: an element of the writer's schema beside its counterpart in the reader's.

A subject carries the facts and its path; whether that is a difference, and a breaking one, is for the rules to say.
`original` is what the data was written with, `update` what it is read with. None means: not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum as PythonEnum

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.elements import Enum, Field, File, Message

ABSENT = "absent"


class Kind(PythonEnum):
    """What a field's value is; an enum counts as a scalar."""

    SCALAR = "scalar"
    MAP = "map"
    MESSAGE = "message"


class Family(PythonEnum):
    """Scalars that can stand in for each other, see https://protobuf.dev/programming-guides/proto3/#updating."""

    GENERAL_NUMBER = "varint number"
    SIGNED_NUMBER = "zigzag number"
    STRING_OR_BYTES = "string or bytes"
    FIXED32 = "32-bit fixed number"
    FIXED64 = "64-bit fixed number"
    FLOAT = "float"
    DOUBLE = "double"


FAMILIES: dict[int, Family] = {
    Proto.TYPE_INT32: Family.GENERAL_NUMBER,
    Proto.TYPE_INT64: Family.GENERAL_NUMBER,
    Proto.TYPE_UINT32: Family.GENERAL_NUMBER,
    Proto.TYPE_UINT64: Family.GENERAL_NUMBER,
    Proto.TYPE_BOOL: Family.GENERAL_NUMBER,
    Proto.TYPE_ENUM: Family.GENERAL_NUMBER,
    Proto.TYPE_SINT32: Family.SIGNED_NUMBER,
    Proto.TYPE_SINT64: Family.SIGNED_NUMBER,
    Proto.TYPE_STRING: Family.STRING_OR_BYTES,
    Proto.TYPE_BYTES: Family.STRING_OR_BYTES,
    Proto.TYPE_FIXED32: Family.FIXED32,
    Proto.TYPE_SFIXED32: Family.FIXED32,
    Proto.TYPE_FIXED64: Family.FIXED64,
    Proto.TYPE_SFIXED64: Family.FIXED64,
    Proto.TYPE_FLOAT: Family.FLOAT,
    Proto.TYPE_DOUBLE: Family.DOUBLE,
}


class Label(PythonEnum):
    """The word in front of a field's type, where Confluent sees one."""

    OPTIONAL = "optional"
    REQUIRED = "required"
    REPEATED = "repeated"


def label_of(field: Field) -> Label | None:
    """Return the label as Confluent's parser reads it from the text: a word that is not written is no label.

    So proto3's and the editions' singular fields, members of a oneof and maps have none.
    """
    if field.oneof is not None:
        return None
    if field.proto.label == Proto.LABEL_REPEATED:
        return Label.REPEATED
    if field.proto.proto3_optional:
        return Label.OPTIONAL
    if field.file.syntax != "proto2":
        return None
    return Label.REQUIRED if field.proto.label == Proto.LABEL_REQUIRED else Label.OPTIONAL


@dataclass(slots=True)
class FilePair:
    """The two main files."""

    path: tuple[str, ...]
    original: File
    update: File

    def texts(self) -> tuple[str, str]:
        """Return how each side looks, in one line."""
        return f"package {self.original.package or '(none)'}", f"package {self.update.package or '(none)'}"


@dataclass(slots=True)
class MessagePair:
    """A message name on at least one side."""

    path: tuple[str, ...]
    original: Message | None
    update: Message | None
    has_moved: bool = False
    """Whether its place among its neighbours is another."""

    def texts(self) -> tuple[str, str]:
        """Return how each side looks, in one line."""
        return _named("message", self.original), _named("message", self.update)


@dataclass(slots=True)
class EnumPair:
    """An enum name on at least one side."""

    path: tuple[str, ...]
    original: Enum | None
    update: Enum | None

    def texts(self) -> tuple[str, str]:
        """Return how each side looks, in one line."""
        return _named("enum", self.original), _named("enum", self.update)


@dataclass(slots=True)
class EnumValuePair:
    """A number of an enum on at least one side, by the name it has there (the last one, should it have aliases)."""

    path: tuple[str, ...]
    enum: Enum
    update_enum: Enum
    number: int
    original: str | None
    update: str | None

    def texts(self) -> tuple[str, str]:
        """Return how each side looks, in one line."""
        return tuple(f"{name} = {self.number}" if name else ABSENT for name in (self.original, self.update))  # type: ignore[return-value]  # two in, two out


@dataclass(slots=True)
class OneofPair:
    """A oneof name on at least one side."""

    path: tuple[str, ...]
    original: list[Field] | None
    update: list[Field] | None
    origins: int = 0
    """From how many independent places its members come that both sides know."""
    from_outside: int = 0
    """How many members were no member of any oneof before."""

    def texts(self) -> tuple[str, str]:
        """Return how each side looks, in one line."""
        return _oneof_text(self.path[-1], self.original), _oneof_text(self.path[-1], self.update)


@dataclass(slots=True)
class FieldPair:
    """A field number on at least one side."""

    path: tuple[str, ...]
    original: Field | None
    update: Field | None
    oneof_vanished: bool = False
    """Whether it was in a oneof that is gone with all its members."""

    def texts(self) -> tuple[str, str]:
        """Return how each side looks, in one line."""
        return _field_text(self.original), _field_text(self.update)


@dataclass(slots=True)
class TypePair:
    """The types of a field both sides have, or of its map's key or value. Labels are None for the latter two."""

    path: tuple[str, ...]
    original: Field
    update: Field
    kinds: tuple[Kind, Kind]
    """What the value is on either side."""
    original_label: Label | None
    update_label: Label | None
    nested_breaks: bool = False
    """Whether the two messages of that name, compared in depth, do not fit."""

    @property
    def families(self) -> tuple[Family, Family] | None:
        """The scalar families, if both are scalars."""
        before, after = FAMILIES.get(self.original.proto.type), FAMILIES.get(self.update.proto.type)
        return (before, after) if before is not None and after is not None else None

    @property
    def label_changed(self) -> bool:
        """Whether both sides write a label and not the same one."""
        return None not in (self.original_label, self.update_label) and self.original_label is not self.update_label

    def texts(self) -> tuple[str, str]:
        """Return how each side looks, in one line."""
        return self.original.declaration, self.update.declaration


Subject = FilePair | MessagePair | EnumPair | EnumValuePair | OneofPair | FieldPair | TypePair


def is_required(field: Field) -> bool:
    """Return whether the text says `required`; an edition's LEGACY_REQUIRED is no label to Confluent's checker."""
    return field.proto.label == Proto.LABEL_REQUIRED


def kind_of(field: Field) -> Kind:
    """Return what the field's value is."""
    if field.proto.type in FAMILIES:
        return Kind.SCALAR
    return Kind.MAP if field.is_map else Kind.MESSAGE


def _named(word: str, element: Message | Enum | None) -> str:
    return ABSENT if element is None else f"{word} {element.local_name}"


def _field_text(field: Field | None) -> str:
    if field is None:
        return ABSENT
    return field.declaration if field.oneof is None else f"oneof {field.oneof} {{ {field.declaration} }}"


def _oneof_text(name: str, members: list[Field] | None) -> str:
    if members is None:
        return ABSENT
    return f"oneof {name} {{ {', '.join(f'{one.name} = {one.number}' for one in members)} }}"
