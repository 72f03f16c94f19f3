"""Things that only one visitor at a time may have: an account, say."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

Data = Mapping[str, Any]
"""What visits choose from, as JSON: the same for all of a run."""


class NoneLeft(Exception):
    """More visitors want one at the same time than there are; so the run says nothing of what it was to measure."""


class Claims:
    """The share of one worker of the lists in a run's data, so that two workers never give the same."""

    def __init__(self, data: Data, *, worker: int, workers: int) -> None:
        self._data, self._worker, self._workers = data, worker, workers
        self._free: dict[str, deque[Any]] = {}

    @contextmanager
    def one_of(self, key: str) -> Iterator[Any]:
        """Give something that nobody else has within the block, the one that was longest unused. Raises NoneLeft."""
        share: Sequence[Any] = self._data[key][self._worker :: self._workers]
        free = self._free.setdefault(key, deque(share))
        if not free:
            raise NoneLeft(f"all {len(share)} of {key} are taken")
        taken = free.popleft()
        try:
            yield taken
        finally:
            free.append(taken)
