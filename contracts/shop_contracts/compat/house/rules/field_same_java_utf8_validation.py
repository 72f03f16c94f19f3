"""FIELD_SAME_JAVA_UTF8_VALIDATION: Java checks a string for UTF-8, or does not, as before."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.languages import java_verifies_utf8
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    if pair.old.proto.type != Proto.TYPE_STRING or pair.new.proto.type != Proto.TYPE_STRING:
        return
    before, after = java_verifies_utf8(pair.old), java_verifies_utf8(pair.new)
    if before != after:
        yield pair.breaks(
            "Java readers accept or refuse other strings than before.",
            before="verified" if before else "not verified",
            after="verified" if after else "not verified",
        )


RULE = Rule(
    id="FIELD_SAME_JAVA_UTF8_VALIDATION",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="Java checks a string for UTF-8, or does not, as before.",
    check=_check,
)
