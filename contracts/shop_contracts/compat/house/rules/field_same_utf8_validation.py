"""FIELD_SAME_UTF8_VALIDATION: A string is checked for UTF-8, or is not, as before."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.features import value_name
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    if pair.old.proto.type != Proto.TYPE_STRING or pair.new.proto.type != Proto.TYPE_STRING:
        return
    before, after = pair.old.features["utf8_validation"], pair.new.features["utf8_validation"]
    if before != after:
        yield pair.breaks(
            "Readers accept or refuse other strings than before.",
            before=f"utf8_validation {value_name('utf8_validation', before)}",
            after=f"utf8_validation {value_name('utf8_validation', after)}",
        )


RULE = Rule(
    id="FIELD_SAME_UTF8_VALIDATION",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A string is checked for UTF-8, or is not, as before.",
    check=_check,
)
