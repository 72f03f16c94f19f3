"""How much work something is, counted instead of timed: a busy machine counts the same."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions the work calls and how often generators go on in it."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def growth(work: Callable[[int], Callable[[], object]], *, size: int) -> float:
    """Return how many times more work four times the size is: about 4 when it is linear, 16 when it is quadratic.

    `work(size)` prepares, and what it returns is counted.
    """
    work(size)()  # what is imported and cached at the first time is none of it
    return calls_of(work(4 * size)) / calls_of(work(size))
