"""Bounds how much of a service may wait for one dependency at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shop_kit.errors import Overloaded


class Bulkhead:
    """Lets `limit` calls in and refuses the next at once: waiting in line would only move the jam to the caller.

    `refused` is called for each that is refused.
    """

    def __init__(self, dependency: str, limit: int, refused: Callable[[], None] = lambda: None) -> None:
        self._dependency = dependency
        self._limit = limit
        self._refused = refused
        self._inside = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Take a place for the block. Raises Overloaded when all are taken."""
        if self._inside >= self._limit:
            self._refused()
            raise Overloaded(self._dependency, f"{self._limit} calls are under way already")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
