"""FIELD_SAME_CPP_STRING_TYPE: A string or bytes field keeps its C++ type."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.languages import cpp_string_type
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    kinds = (Proto.TYPE_STRING, Proto.TYPE_BYTES)
    if pair.in_map_entry or pair.old.proto.type not in kinds or pair.new.proto.type not in kinds:
        return
    before, after = cpp_string_type(pair.old), cpp_string_type(pair.new)
    if before != after and (before, after) != ("STRING_PIECE", "STRING"):
        yield pair.breaks(f"C++ code gets {after} where it got {before}.", before=before, after=after)


RULE = Rule(
    id="FIELD_SAME_CPP_STRING_TYPE",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A string or bytes field keeps its C++ type.",
    check=_check,
)
