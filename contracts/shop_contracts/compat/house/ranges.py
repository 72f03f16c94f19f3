"""Arithmetic on reserved and extension ranges, all inclusive."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

Range = tuple[int, int]
MESSAGE_MAX = 536_870_911
ENUM_MAX = 2_147_483_647


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Return the same numbers as ranges in order of which no two touch."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def contains(covering: Sequence[Range], number: int) -> bool:
    """Return whether a number lies in any of the `merged` ranges."""
    place = bisect_left(covering, number, key=_end)
    return place < len(covering) and covering[place][0] <= number


def missing(old: Sequence[Range], new: Sequence[Range]) -> list[Range]:
    """Return what `old` covers and `new` no longer does."""
    gaps: list[Range] = []
    covering = merged(new)
    for start, end in old:
        position = start
        for place in range(bisect_left(covering, start, key=_end), len(covering)):
            cover_start, cover_end = covering[place]
            if cover_start > end:
                break
            if cover_start > position:
                gaps.append((position, cover_start - 1))
            position = cover_end + 1
        if position <= end:
            gaps.append((position, end))
    return gaps


def _end(one: Range) -> int:
    return one[1]


def text(ranges: Sequence[Range]) -> str:
    """Return ranges as a .proto file writes them: `2, 9 to 11, 100 to max`."""
    return ", ".join(_text(start, end) for start, end in ranges)


def _text(start: int, end: int) -> str:
    if start == end:
        return str(start)
    return f"{start} to {'max' if end in (MESSAGE_MAX, ENUM_MAX) else end}"
