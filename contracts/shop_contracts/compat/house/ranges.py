"""Arithmetic on reserved and extension ranges, all inclusive."""

from __future__ import annotations

from collections.abc import Sequence

Range = tuple[int, int]
MESSAGE_MAX = 536_870_911
ENUM_MAX = 2_147_483_647


def contains(ranges: Sequence[Range], number: int) -> bool:
    """Return whether a number lies in any of the ranges."""
    return any(start <= number <= end for start, end in ranges)


def missing(old: Sequence[Range], new: Sequence[Range]) -> list[Range]:
    """Return what `old` covers and `new` no longer does."""
    gaps: list[Range] = []
    covering = sorted(new)
    for start, end in old:
        position = start
        for cover_start, cover_end in covering:
            if cover_end < position:
                continue
            if cover_start > end:
                break
            if cover_start > position:
                gaps.append((position, cover_start - 1))
            position = cover_end + 1
        if position <= end:
            gaps.append((position, end))
    return gaps


def text(ranges: Sequence[Range]) -> str:
    """Return ranges as a .proto file writes them: `2, 9 to 11, 100 to max`."""
    return ", ".join(_text(start, end) for start, end in ranges)


def _text(start: int, end: int) -> str:
    if start == end:
        return str(start)
    return f"{start} to {'max' if end in (MESSAGE_MAX, ENUM_MAX) else end}"
