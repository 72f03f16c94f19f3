"""How much work one question is worth."""

from __future__ import annotations

MOST_STEPS = 20_000
"""Schemas looked into for one question. A step takes some tens of microseconds, so a question at most about a second."""


class TooComplex(Exception):
    """A question needs more work than it is worth, or has more alternatives than are looked at."""


class Budget:
    """Counts the steps of one question."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._left = steps

    def spend(self) -> None:
        """Take a step. Raises TooComplex when there are none left."""
        self._left -= 1
        if self._left < 0:
            raise TooComplex
