"""The loop around every decision on an aggregate."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from shop_kit.errors import Conflict, KitError

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

ATTEMPTS = 8
"""Each try after the second means that somebody else was faster in this very moment."""


class Stale(KitError):
    """What a decision was based on is out of date: nothing was written. Read afresh and decide again."""


class Attempt(Protocol[T_co]):
    """Reads, decides and writes once."""

    def __call__(self, *, fresh: bool) -> Awaitable[T_co]:
        """Decide from memory, or with `fresh` from what is stored now. Raises Stale, also to ask for `fresh`."""
        ...


async def decide_and_record(attempt: Attempt[T], *, subject: str, attempts: int = ATTEMPTS) -> T:
    """Return what the first attempt leads to that is not Stale: the first decides from memory, all others from what is stored.

    Raises Conflict when all were: others change `subject` faster than this process can follow.
    """
    for number in range(attempts):
        try:
            return await attempt(fresh=number > 0)
        except Stale:
            continue
    raise Conflict(subject, f"{attempts} decisions in a row were overtaken")
