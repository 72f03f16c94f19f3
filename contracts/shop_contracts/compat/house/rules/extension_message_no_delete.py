"""EXTENSION_MESSAGE_NO_DELETE: A message keeps the numbers it leaves to extensions."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import ranges
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    gone = ranges.missing(pair.old.extension_ranges, pair.new.extension_ranges)
    if gone:
        yield pair.breaks(
            f"Extensions with the numbers {ranges.text(gone)} no longer compile.",
            before=f"extensions {ranges.text(pair.old.extension_ranges)}",
            after=f"extensions {ranges.text(pair.new.extension_ranges) or '(none)'}",
        )


RULE = Rule(
    id="EXTENSION_MESSAGE_NO_DELETE",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A message keeps the numbers it leaves to extensions.",
    check=_check,
)
