"""Knows how far a partition is done when its messages finish in any order."""

from __future__ import annotations

from collections import deque


class PartitionOffsets:
    """Offsets under way in one partition. Only what lies behind the oldest unfinished message may be committed."""

    def __init__(self) -> None:
        self._begun: deque[int] = deque()
        self._finished: set[int] = set()

    @property
    def unfinished(self) -> int:
        """How many messages were begun and have not had their effect."""
        return len(self._begun) - len(self._finished)

    @property
    def span(self) -> int:
        """How many messages would come again if the process died now."""
        return len(self._begun)

    def begin(self, offset: int) -> None:
        """A message of this partition was taken up; offsets begin in rising order."""
        self._begun.append(offset)

    def finish(self, offset: int) -> int | None:
        """A message has had its effect. Returns the position to commit (the next offset to read) where it moved, else None."""
        self._finished.add(offset)
        position = None
        while self._begun and self._begun[0] in self._finished:
            position = self._begun.popleft()
            self._finished.remove(position)
        return None if position is None else position + 1
