"""Pairs of branches: the most that can be made when each branch is in one pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def largest_matching(lefts: int, candidates: Callable[[int], Iterable[int]], fits: Callable[[int, int], bool]) -> dict[int, int]:
    """Return a largest matching of a bipartite graph, as right to left.

    `candidates` are the rights to try for a left, likely ones first; whether two fit is asked only as far as it is needed.
    """
    taken: dict[int, int] = {}

    def place(left: int, tried: set[int]) -> bool:
        for right in candidates(left):
            if right in tried or not fits(left, right):
                continue
            tried.add(right)
            if right not in taken or place(taken[right], tried):
                taken[right] = left
                return True
        return False

    for left in range(lefts):
        place(left, set())
    return taken
