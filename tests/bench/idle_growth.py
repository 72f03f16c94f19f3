"""How an idle sandbox grows: memory, disk and open files over some minutes, and what that comes to in a working day."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_SECONDS = 10.0
SETTLING_SECONDS = 60.0
"""After a start, caches fill and allocators give back: what happens then is no growth."""
WORKING_DAY_HOURS = 8
_MEASURED = (("memory (PSS) without Kafka", "MiB"), ("Kafka, its heap ends at 256 MiB", "MiB"), ("disk", "MiB"), ("open files", ""))


@dataclass(frozen=True)
class Growth:
    """A quantity at the end of the measurement, its change by the hour, and where eight hours of it lead."""

    what: str
    unit: str
    now: float
    per_hour: float

    @property
    def after_a_day(self) -> float:
        return self.now + self.per_hour * WORKING_DAY_HOURS


def measure(*, minutes: float, memory_bytes: Callable[[], tuple[float, float]], supervisor_pid: int, folder: Path) -> list[Growth]:
    """Look at the sandbox every few seconds for so many minutes; slopes are by least squares.

    `memory_bytes` gives what Kafka weighs, whose heap has a bound and is filled before it is cleaned, and what all the rest does.
    """
    time.sleep(SETTLING_SECONDS)
    began = time.monotonic()
    samples: list[tuple[float, ...]] = []
    while (elapsed := time.monotonic() - began) < minutes * 60:
        kafka, rest = memory_bytes()
        files = float(_descriptors(supervisor_pid))
        samples.append((elapsed / 3600, rest / 2**20, kafka / 2**20, _disk_bytes(folder) / 2**20, files))
        time.sleep(EVERY_SECONDS)
    hours = [sample[0] for sample in samples]
    return [
        Growth(what, unit, samples[-1][at], slope(hours, [sample[at] for sample in samples]))
        for at, (what, unit) in enumerate(_MEASURED, start=1)
    ]


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return the change of `values` by the unit of `times`, by least squares."""
    mean_time, mean_value = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - mean_time) ** 2 for at in times)
    return sum((at - mean_time) * (value - mean_value) for at, value in zip(times, values, strict=True)) / spread


def _disk_bytes(folder: Path) -> int:
    """What its files take on the disk, not how long they say they are: Kafka's indexes are sparse."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def _descriptors(supervisor_pid: int) -> int:
    leader = psutil.Process(supervisor_pid)
    total = 0
    for process in (leader, *leader.children(recursive=True)):
        try:
            total += process.num_fds()
        except psutil.Error:
            continue
    return total
