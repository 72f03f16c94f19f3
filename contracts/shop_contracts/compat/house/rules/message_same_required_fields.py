"""MESSAGE_SAME_REQUIRED_FIELDS: A message neither gains nor loses required fields."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.elements import Field, Message
from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    # The label and an edition's LEGACY_REQUIRED are asked about apart: moving from one to the other is a change, as it is for buf.
    for old, new in ((_labelled(pair.old), _labelled(pair.new)), (_required(pair.old), _required(pair.new))):
        for number in sorted(old - new):
            field = pair.old.by_number[number]
            yield pair.breaks(
                f"{field.name} was required and is not: readers on the old version refuse records without it.",
                before=field.declaration,
                after=_text(pair.new.by_number.get(number)),
                at=str(number),
                old=field,
            )
        for number in sorted(new - old):
            field = pair.new.by_number[number]
            yield pair.breaks(
                f"{field.name} is required now: readers on the new version refuse every old record without it.",
                before=_text(pair.old.by_number.get(number)),
                after=field.declaration,
                at=str(number),
                old=pair.old.by_number.get(number),
            )


def _labelled(message: Message) -> set[int]:
    if message.file.syntax == "proto3":
        return set()
    return {field.number for field in message.fields if field.proto.label == Proto.LABEL_REQUIRED}


def _required(message: Message) -> set[int]:
    if not message.file.has_editions:
        return _labelled(message)
    return {field.number for field in message.fields if field.is_required}


def _text(field: Field | None) -> str:
    return field.declaration if field is not None else ABSENT


RULE = Rule(
    id="MESSAGE_SAME_REQUIRED_FIELDS",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="A message neither gains nor loses required fields.",
    check=_check,
)
