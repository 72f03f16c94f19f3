"""The processes that a fork server has started and not yet seen to their end."""

from __future__ import annotations

import contextlib
import os
import signal


class Children:
    """The processes of one server that have not been reaped, by pid; each leads the group of its number."""

    def __init__(self) -> None:
        self.death_signals: dict[int, int] = {}
        self._ended: dict[int, int] = {}

    def signal(self, pid: int, number: int) -> None:
        """Signal a child's whole group. Nothing else can have its number: an unreaped child keeps it."""
        if pid in self.death_signals:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)

    def reap(self) -> None:
        """Collect who has ended; what such a child has left in its group is killed before its number is given back."""
        while (ended := _next_ended()) is not None:
            if ended in self.death_signals:
                self.signal(ended, signal.SIGKILL)
            _, status = os.waitpid(ended, 0)
            if ended in self.death_signals:
                self._ended[ended] = status

    @property
    def any_ended(self) -> bool:
        return bool(self._ended)

    def take_finished(self) -> list[tuple[int, int]]:
        """Children whose whole group is gone, with their wait status."""
        finished = [(pid, status) for pid, status in self._ended.items() if _group_is_empty(pid)]
        for pid, _ in finished:
            del self._ended[pid], self.death_signals[pid]
        return finished


def _next_ended() -> int | None:
    """Return a child that has ended and not been reaped."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if found is None else found.si_pid


def _group_is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
