"""FIELD_SAME_JSTYPE: A 64-bit integer keeps its JavaScript type."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FieldOptions

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.kinds import INTEGERS_64
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    if pair.old.proto.type not in INTEGERS_64 or pair.new.proto.type not in INTEGERS_64:
        return
    before, after = pair.old.proto.options.jstype, pair.new.proto.options.jstype
    if before != after:
        names = FieldOptions.JSType.Name
        yield pair.breaks("JavaScript code gets another type for it.", before=names(before), after=names(after))


RULE = Rule(
    id="FIELD_SAME_JSTYPE",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A 64-bit integer keeps its JavaScript type.",
    check=_check,
)
