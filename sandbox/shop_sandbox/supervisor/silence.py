"""Whether something that no longer says that it lives hangs, or is kept from its work by a machine with too much to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from shop_sandbox.platform import here

MOST_SILENT_PROBES: Final = 3
"""A resource that was ready and does not even say that it lives, so often in a row, is started again."""
MOST_STARVED_PROBES: Final = 15
"""So many, some 50 s, where it could not run: to start it again would cost the machine still more. Then it is started again
all the same, since what hangs in a loop wants a processor as well."""
_STARVED_SHARE: Final = 0.5


class Silence:
    """The probes in a row that something did not answer. `waited_seconds` tells how long it has waited for a processor so far."""

    def __init__(self, waited_seconds: Callable[[], float], *, now: Callable[[], float] = time.monotonic) -> None:
        self._waited_seconds = waited_seconds
        self._now = now
        self._probes = 0
        self._began = self._waited_before = 0.0

    def broken(self) -> None:
        """It has answered."""
        self._probes = 0

    def goes_on(self) -> None:
        """It has not answered once more."""
        if self._probes == 0:
            self._began, self._waited_before = self._now(), self._waited_seconds()
        self._probes += 1

    @property
    def is_hanging(self) -> bool:
        """Return whether it will hardly say anything again."""
        if self._probes < MOST_SILENT_PROBES:
            return False
        return self._probes >= MOST_STARVED_PROBES or not self._is_starved

    @property
    def _is_starved(self) -> bool:
        return self._waited_seconds() - self._waited_before > _STARVED_SHARE * (self._now() - self._began)


def waited_by_group(pid: int | None) -> float:
    """Return how long the processes of a group have waited for a processor; 0 where nothing tells."""
    if pid is None:
        return 0.0
    return sum(filter(None, map(here.waited_seconds, here.group_members(pid))))
