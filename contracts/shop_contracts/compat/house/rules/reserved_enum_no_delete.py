"""RESERVED_ENUM_NO_DELETE: What an enum reserves stays reserved."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import ranges
from shop_contracts.compat.house.pairs import Break, EnumPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: EnumPair) -> Iterator[Break]:
    gone = ranges.missing(pair.old.reserved_ranges, pair.new.reserved_ranges)
    if gone:
        yield pair.breaks(
            f"The numbers {ranges.text(gone)} are free for reuse, while old records still carry what they meant.",
            before=f"reserved {ranges.text(pair.old.reserved_ranges)}",
            after=f"reserved {ranges.text(pair.new.reserved_ranges) or '(none)'}",
        )
    kept = set(pair.new.proto.reserved_name)
    for name in pair.old.proto.reserved_name:
        if name not in kept:
            yield pair.breaks(
                f"The name {name} is free for reuse, while old JSON still carries what it meant.",
                before=f'reserved "{name}"',
                after="not reserved",
            )


RULE = Rule(
    id="RESERVED_ENUM_NO_DELETE",
    on=EnumPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="What an enum reserves stays reserved.",
    check=_check,
)
