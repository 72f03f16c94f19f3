"""How much processor time each part of a sandbox uses."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import psutil
from shop_sandbox.supervisor.protocol import SandboxStatus

Used = Mapping[tuple[str, int], float]
"""Seconds by part and process: one that was started again counts anew."""


def used(status: SandboxStatus) -> Used:
    """Return what the process of each part has used so far, its children included."""
    found = {}
    for part in status.resources:
        if part.pid is not None:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(part.pid)
                found[part.name, part.pid] = sum(_seconds(one) for one in (process, *process.children(recursive=True)))
    return found


def between(before: Used, after: Used) -> dict[str, float]:
    """Return the seconds that each part has used meanwhile; of one that was started again those of its new process."""
    return {name: seconds - before.get((name, pid), 0.0) for (name, pid), seconds in after.items()}


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
