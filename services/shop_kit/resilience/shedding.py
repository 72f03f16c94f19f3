"""Load shedding: when a process has too much to do, what matters least is refused first, so that the rest is done in time.

https://sre.google/sre-book/addressing-cascading-failures/#xref_cascading-failure_load-shed-graceful-degredation
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from shop_kit.errors import Overloaded
from shop_kit.metrics import Metrics


class Priority(Enum):
    """How full the process may be when such work begins."""

    FIRST_TO_GO = 0.5
    NORMAL = 0.8
    LAST_TO_GO = 1.0


class LoadShedder:
    """Lets up to `at_once` pieces of work in, and fewer of those that matter less."""

    def __init__(self, at_once: int, metrics: Metrics | None = None) -> None:
        self._at_once = at_once
        self._inside = 0
        metrics = metrics or Metrics()
        self._shed = metrics.counter("shop_requests_shed_total", "Requests refused, for there was too much to do.", "priority")
        metrics.gauge("shop_requests_under_way", "Requests that are being served.", lambda: float(self._inside))

    @contextmanager
    def enter(self, priority: Priority) -> Iterator[None]:
        """Take a place for the block. Raises Overloaded when the process is too full for work of this priority."""
        if self._inside >= max(1, int(self._at_once * priority.value)):
            self._shed.add(priority.name.lower().replace("_", "-"))
            raise Overloaded("the shop", f"{self._inside} requests are under way")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
