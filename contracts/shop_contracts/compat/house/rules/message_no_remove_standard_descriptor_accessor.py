"""MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR: A message keeps its standard descriptor accessor."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    before = pair.old.proto.options.no_standard_descriptor_accessor
    after = pair.new.proto.options.no_standard_descriptor_accessor
    if after and not before:
        yield pair.breaks(
            "Generated code loses the accessor for the message's descriptor.",
            before="standard accessor",
            after="no_standard_descriptor_accessor = true",
        )


RULE = Rule(
    id="MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A message keeps its standard descriptor accessor.",
    check=_check,
)
