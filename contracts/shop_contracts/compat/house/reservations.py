"""What a message or an enum reserves, in an old version and the new one."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import ranges
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import EnumPair, MessagePair


def given_up(pair: MessagePair | EnumPair) -> Iterator[Break]:
    """Yield a break for the numbers that are reserved no longer, and one for each such name."""
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
