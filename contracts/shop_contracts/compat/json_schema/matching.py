"""Pairs of branches: the most that can be made when each branch is in one pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def largest_matching(edges: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return a largest matching of a bipartite graph, as right to left. `edges` says who on the right fits each on the left."""
    taken: dict[int, int] = {}

    def place(left: int, tried: set[int]) -> bool:
        for right in edges[left]:
            if right in tried:
                continue
            tried.add(right)
            if right not in taken or place(taken[right], tried):
                taken[right] = left
                return True
        return False

    for left in edges:
        place(left, set())
    return taken
