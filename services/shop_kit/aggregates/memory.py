"""What a process remembers of its store."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")
REMEMBERED = 10_000


class Memory(Generic[V]):
    """The last few thousand values by key. It may be out of date: a condition on the write has to find that out."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        """Return the value, or None."""
        return self._values.get(key)

    def keep(self, key: str, value: V) -> None:
        """Remember a value; what was kept longest ago is forgotten."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)

    def forget(self, key: str) -> None:
        """Do not trust this one any more."""
        self._values.pop(key, None)
