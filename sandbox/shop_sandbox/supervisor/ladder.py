"""Ending processes that are proven to be ours: ask, wait, force."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from typing import Protocol, TypeVar

from shop_sandbox.platform import here

_POLL_SECONDS = 0.01
_KILLED_WITHIN_SECONDS = 5.0


class Proven(Protocol):
    """A process and its group, with what proves that the number still means it."""

    @property
    def pid(self) -> int: ...
    @property
    def start_time(self) -> str: ...
    @property
    def death_signal(self) -> int: ...
    @property
    def grace_seconds(self) -> float: ...


P = TypeVar("P", bound=Proven)


def is_alive(process: Proven) -> bool:
    """Return True while the very process that was recorded runs; false for another one that got its number."""
    return here.start_time(process.pid) == process.start_time


def end_all(processes: Sequence[P]) -> list[P]:
    """End those that still run, with their groups: each gets its death signal, its grace, then SIGKILL. Blocks until they are gone.

    Gives those that were found running. A process whose pid was recycled is not touched.
    """
    running = [process for process in processes if is_alive(process)]
    for process in running:
        _signal_group(process, process.death_signal)
    asked = time.monotonic()
    left = running
    while left:
        waited = time.monotonic() - asked
        for process in left:
            if waited > process.grace_seconds:
                _signal_group(process, signal.SIGKILL)
        if waited > max(process.grace_seconds for process in left) + _KILLED_WITHIN_SECONDS:
            break  # in uninterruptible sleep: no signal reaches it before its disk does
        time.sleep(_POLL_SECONDS)
        left = [process for process in left if is_alive(process)]
    return running


def end_everything_started_with(variable: str, value: str) -> list[int]:
    """Kill every process that carries `variable=value` in its environment, and give their pids: what had left its process group."""
    found = [pid for pid in here.processes_with(variable, value) if pid != os.getpid()]
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return found


def _signal_group(process: Proven, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(process.pid) == process.pid and is_alive(process):
            os.killpg(process.pid, number)
