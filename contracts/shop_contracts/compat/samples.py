"""Records to try: values that show when they are read as something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from shop_contracts.compat.elements import Enum, Field
from shop_contracts.compat.runtime import Runtime
from shop_contracts.compat.schema import Schema

Described = Any
"""A descriptor of the runtime, whose own classes for them are private."""

_NUMBERS: dict[int, tuple[Any, ...]] = {
    FieldDescriptor.TYPE_INT32: (150, -1),
    FieldDescriptor.TYPE_SINT32: (150, -1),
    FieldDescriptor.TYPE_SFIXED32: (150, -1),
    FieldDescriptor.TYPE_INT64: (150, 2**40 + 5, -1),
    FieldDescriptor.TYPE_SINT64: (150, 2**40 + 5, -1),
    FieldDescriptor.TYPE_SFIXED64: (150, 2**40 + 5, -1),
    FieldDescriptor.TYPE_UINT32: (150, 3_000_000_000),
    FieldDescriptor.TYPE_FIXED32: (150, 3_000_000_000),
    FieldDescriptor.TYPE_UINT64: (150, 2**63 + 5),
    FieldDescriptor.TYPE_FIXED64: (150, 2**63 + 5),
    FieldDescriptor.TYPE_BOOL: (True,),
    FieldDescriptor.TYPE_FLOAT: (12.5,),
    FieldDescriptor.TYPE_DOUBLE: (12.5, 1e300),
    FieldDescriptor.TYPE_STRING: ("sample",),
    FieldDescriptor.TYPE_BYTES: (b"sample", b"\xff\x00"),
}
"""Type to values: one that is small, and the ones that a narrower or differently signed reader cannot hold."""
DEEPEST = 1
"""How far messages inside messages are filled."""
DEEPEST_REQUIRED = 10
"""How far required ones are: a message that requires itself cannot be filled at all."""
MOST_FIELDS = 1_000
"""Fields that a record has set beyond the required ones."""


def of_field(runtime: Runtime, field: Field, read_as: str) -> Iterator[tuple[Message, str]]:
    """Yield records with the field set alone, then the least record, then one with everything set."""
    owner_name = _owner(field)
    cls = runtime.message(owner_name)
    if cls is None:
        return
    described = _described(runtime, cls.DESCRIPTOR, field)
    for value in _values(described, 0) if described is not None else ():
        record = _least(cls)
        if described is not None and described.is_extension:
            _assign(record.Extensions, described, value)
        elif described is not None:
            _set(record, described, value)
        yield record, read_as
    yield from ((record, read_as) for record in of_message(runtime, owner_name))


def of_message(runtime: Runtime, full_name: str) -> Iterator[Message]:
    """Yield the least record of a type, and ones with everything set; of each oneof one member after the other."""
    cls = runtime.message(full_name)
    if cls is not None:
        yield _least(cls)
        described: Described = cls.DESCRIPTOR
        for choice in range(max((len(oneof.fields) for oneof in described.oneofs), default=1)):
            yield _full(cls(), 0, choice, _Room())


def of_enum(writer: Schema, reader: Schema, enum: Enum, number: int | None) -> Iterator[tuple[Message, str]]:
    """Yield records that hold a number of the enum (or each, for None), in a field of a message that has one, or in one made up."""
    numbers = [number] if number is not None and number in enum.by_number else list(enum.by_number)
    other = reader.tree.enums.get(enum.full_name)
    if other is None:
        return
    cls, field_number = _with_enum(writer, enum) or (writer.runtime.holder(enum), 1)
    if cls.DESCRIPTOR.full_name not in writer.tree.messages:
        reader.runtime.holder(other)
    described: Described = cls.DESCRIPTOR.fields_by_number[field_number]
    for one in numbers:
        record = _least(cls)
        _set(record, described, [one] if _is_repeated(described) else one)
        yield record, cls.DESCRIPTOR.full_name


def _with_enum(schema: Schema, enum: Enum) -> tuple[type[Message], int] | None:
    for field in schema.tree.fields_by_type.get(enum.full_name, ()):
        if field.parent is not None and not field.parent.is_map_entry:
            cls = schema.runtime.message(field.parent.full_name)
            return (cls, field.number) if cls is not None else None
    return None


def _owner(field: Field) -> str:
    if field.proto.extendee:
        return field.proto.extendee.removeprefix(".")
    owner = field.parent
    while owner is not None and owner.is_map_entry:
        owner = owner.parent
    return owner.full_name if owner is not None else ""


def _described(runtime: Runtime, owner: Described, field: Field) -> Described | None:
    if field.proto.extendee:
        return runtime.pool.FindExtensionByName(field.full_name)
    if field.parent is not None and field.parent.is_map_entry:
        entries = (one for one in owner.fields if one.message_type is not None)
        return next((one for one in entries if one.message_type.full_name == field.parent.full_name), None)
    return owner.fields_by_number.get(field.number)


def _values(field: Described, depth: int) -> Iterator[Any]:
    if _is_map(field):
        key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        for one in _single_values(value, depth):
            yield {next(_single_values(key, depth)): one}
    elif _is_repeated(field):
        values = list(_single_values(field, depth))
        yield [values[0], values[-1]]
    else:
        yield from _single_values(field, depth)


def _single_values(field: Described, depth: int) -> Iterator[Any]:
    if field.message_type is not None:
        yield depth
    elif field.enum_type is not None:
        yield field.enum_type.values[-1].number
    else:
        yield from _NUMBERS[field.type]


def _least(cls: type[Message]) -> Message:
    record = cls()
    described: Described = record.DESCRIPTOR
    for field in described.fields:
        if field.is_required:
            _set(record, field, next(_values(field, 0)))
    return record


@dataclass(slots=True)
class _Room:
    """How many more fields a record may have set, those of its messages included."""

    left: int = MOST_FIELDS

    def take(self) -> bool:
        """Take one, if there is one."""
        self.left -= 1
        return self.left >= 0


def _full(record: Message, depth: int, choice: int, room: _Room) -> Message:
    """Set everything that has room; of each oneof the member at place `choice`, or the last where it has fewer."""
    described: Described = record.DESCRIPTOR
    chosen = {oneof.fields[min(choice, len(oneof.fields) - 1)].number for oneof in described.oneofs}
    for field in described.fields:
        is_left_out = field.containing_oneof is not None and field.number not in chosen
        is_too_deep = field.message_type is not None and depth >= (DEEPEST_REQUIRED if field.is_required else DEEPEST)
        if not is_left_out and not is_too_deep and (field.is_required or room.take()):
            _set(record, field, next(_values(field, depth)), depth, room)
    return record


def _set(record: Message, field: Described, value: Any, depth: int = 0, room: _Room | None = None) -> None:
    room = room or _Room()
    if field.message_type is None:
        _assign_scalar(record, field, value)
    elif _is_map(field):
        target = getattr(record, field.name)
        for key, one in value.items():
            if field.message_type.fields_by_name["value"].message_type is not None:
                _full(target[key], depth + 1, 0, room)
            else:
                target[key] = one
    elif _is_repeated(field):
        for _ in value:
            _full(getattr(record, field.name).add(), depth + 1, 0, room)
    else:
        nested = getattr(record, field.name)
        nested.SetInParent()
        if depth < DEEPEST:
            _full(nested, depth + 1, 0, room)


def _assign_scalar(record: Message, field: Described, value: Any) -> None:
    if _is_repeated(field):
        getattr(record, field.name).extend(value)
    else:
        setattr(record, field.name, value)


def _assign(extensions: Any, field: Described, value: Any) -> None:
    if field.message_type is not None:
        target = extensions[field]
        _full(target.add() if _is_repeated(field) else target, DEEPEST, 0, _Room())
    elif _is_repeated(field):
        extensions[field].extend(value)
    else:
        extensions[field] = value


def _is_repeated(field: Described) -> bool:
    return bool(field.is_repeated)


def _is_map(field: Described) -> bool:
    return _is_repeated(field) and field.message_type is not None and field.message_type.GetOptions().map_entry
