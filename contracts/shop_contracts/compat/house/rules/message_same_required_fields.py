"""MESSAGE_SAME_REQUIRED_FIELDS: A message neither gains nor loses required fields."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.house.pairs import ABSENT, Break, MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    before = {number: one for number, one in pair.old.by_number.items() if one.proto.label == Proto.LABEL_REQUIRED}
    after = {number: one for number, one in pair.new.by_number.items() if one.proto.label == Proto.LABEL_REQUIRED}
    for number in sorted(before.keys() - after.keys()):
        other = pair.new.by_number.get(number)
        yield pair.breaks(
            f"{before[number].name} was required and is not: readers on the old version refuse records without it.",
            before=before[number].declaration,
            after=other.declaration if other is not None else ABSENT,
            at=str(number),
            old=before[number],
        )
    for number in sorted(after.keys() - before.keys()):
        other = pair.old.by_number.get(number)
        yield pair.breaks(
            f"{after[number].name} is required now: readers on the new version refuse every old record without it.",
            before=other.declaration if other is not None else ABSENT,
            after=after[number].declaration,
            at=str(number),
            old=other,
        )


RULE = Rule(
    id="MESSAGE_SAME_REQUIRED_FIELDS",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="A message neither gains nor loses required fields.",
    check=_check,
)
