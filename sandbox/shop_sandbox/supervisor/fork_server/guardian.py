"""What a fork server does when the supervisor has gone away without a word: it ends what it started, asking the stores first."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from shop_sandbox.supervisor.fork_server.children import Children

_STORES_SAVE_SECONDS = 8.0
_LOOK_AGAIN_SECONDS = 0.02


def end_children(children: Children, wait_for_news: Callable[[float], None]) -> None:
    """End what the supervisor has left behind: stores are asked and get time to save, the rest is killed. Returns when all are
    gone.

    `wait_for_news` returns when a child has ended, or after so many seconds.
    """
    for pid, number in list(children.death_signals.items()):
        children.signal(pid, number)
    deadline = time.monotonic() + _STORES_SAVE_SECONDS
    while children.death_signals:
        if time.monotonic() > deadline:
            for pid in list(children.death_signals):
                children.signal(pid, signal.SIGKILL)
        wait_for_news(_LOOK_AGAIN_SECONDS)
        children.reap()
        children.take_finished()
