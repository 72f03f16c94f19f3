"""The fewest faults that still break something: delta debugging (Zeller and Hildebrandt, 2002)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


class OutOfTries(Exception):
    """No more tries are allowed."""


def shrunk(faults: Sequence[T], fails: Callable[[Sequence[T]], bool], *, most_tries: int) -> tuple[T, ...]:
    """Return the shortest part of `faults`, in their order, that was found to fail.

    `fails` is asked at most `most_tries` times, and never twice for the same part. With enough tries none of what is left can be
    left out.
    """
    known: dict[tuple[T, ...], bool] = {}

    def tried(part: tuple[T, ...]) -> bool:
        if part not in known:
            if len(known) == most_tries:
                raise OutOfTries
            known[part] = fails(part)
        return known[part]

    found, parts = tuple(faults), 2
    with suppress(OutOfTries):
        while len(found) > 1:
            smaller = next((rest for rest in _candidates(found, parts) if tried(rest)), None)
            if smaller is not None:
                found, parts = smaller, max(2, min(parts - 1, len(smaller)))
            elif parts < len(found):
                parts = min(2 * parts, len(found))
            else:
                break
    return found


def _candidates(faults: tuple[T, ...], parts: int) -> list[tuple[T, ...]]:
    """Each of so many parts alone, then all but each of them."""
    bounds = [round(number * len(faults) / parts) for number in range(parts + 1)]
    pieces = [*pairwise(bounds)]
    alone = [faults[begin:end] for begin, end in pieces]
    without = [faults[:begin] + faults[end:] for begin, end in pieces] if parts > 2 else []
    return [one for one in (*alone, *without) if 0 < len(one) < len(faults)]
