"""How an idle sandbox grows: memory by resource, disk by folder and open files, and what that comes to in a working day."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from bench import figures

EVERY_SECONDS = 10.0
WORKING_DAY_HOURS = 8
_MEMORY, _DISK, _FILES = "memory", "disk", "open files"


@dataclass(frozen=True)
class Growth:
    """A quantity over the time: where it began and ended, and its change by the hour."""

    what: str
    unit: str
    first: float
    last: float
    per_hour: float

    @property
    def after_a_day(self) -> float:
        return self.last + self.per_hour * WORKING_DAY_HOURS


def watch(
    *, warm_up_minutes: float, minutes: float, status: Callable[[], Mapping[str, Any]], supervisor_pid: int, folder: Path
) -> list[Growth]:
    """Look at the sandbox every few seconds for so many minutes. `status` gives the data of the command of that name.

    What happens while it warms up is no growth: heaps grow to their working size, caches fill, and PostgreSQL takes a second
    segment for its log at the first checkpoint, after five minutes.
    """
    time.sleep(warm_up_minutes * 60)
    began = time.monotonic()
    times: list[float] = []
    samples: list[dict[tuple[str, str], float]] = []
    while (elapsed := time.monotonic() - began) < minutes * 60:
        times.append(elapsed / 3600)
        samples.append({**_memory(status()), **_disk(folder), (_FILES, "all"): float(_descriptors(supervisor_pid))})
        time.sleep(EVERY_SECONDS)
    found = []
    for kind, part in dict.fromkeys(key for sample in samples for key in sample):
        values = [sample.get((kind, part), 0.0) for sample in samples]
        unit = "" if kind == _FILES else "MiB"
        found.append(Growth(f"{kind}: {part}", unit, values[0], values[-1], slope(times, values)))
    return found


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return the change of `values` by the unit of `times`, by least squares; 0 for fewer than two."""
    mean_time, mean_value = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - mean_time) ** 2 for at in times)
    moved = sum((at - mean_time) * (value - mean_value) for at, value in zip(times, values, strict=True))
    return moved / spread if spread else 0.0


def told(grown: Sequence[Growth]) -> str:
    """Return the table of the page."""
    rows = [
        (
            one.what,
            *(f"{value} {one.unit}".rstrip() for value in (f"{one.first:.1f}", f"{one.last:.1f}", f"{one.per_hour:+.1f}")),
            f"{one.after_a_day:.0f} {one.unit}".rstrip() if one.what.endswith("all") else "",
        )
        for one in grown
    ]
    return figures.table(("idle", "at first", "at the end", "change an hour", "after 8 hours"), rows)


def _memory(status: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Proportional memory (PSS) in MiB: all, then each resource."""
    found = {(_MEMORY, "all"): status["totalPssBytes"] / 2**20}
    for one in status["resources"]:
        if one["pssBytes"]:
            found[_MEMORY, one["name"]] = one["pssBytes"] / 2**20
    return {**found, (_MEMORY, "supervision"): status["supervisorPssBytes"] / 2**20}


def _disk(folder: Path) -> dict[tuple[str, str], float]:
    """MiB that files take on the disk, not how long they say they are (Kafka's indexes are sparse): all, then by place."""
    places: dict[str, int] = {"all": 0}
    for parent, _, names in os.walk(folder):
        inside = Path(parent).relative_to(folder).parts
        place = "/".join(inside[: 2 if inside[:1] == ("data",) else 1]) or "the rest"
        for name in names:
            try:
                blocks = (Path(parent) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
            places["all"] += blocks
            places[place] = places.get(place, 0) + blocks
    return {(_DISK, place): size / 2**20 for place, size in places.items()}


def _descriptors(supervisor_pid: int) -> int:
    leader = psutil.Process(supervisor_pid)
    total = 0
    for process in (leader, *leader.children(recursive=True)):
        try:
            total += process.num_fds()
        except psutil.Error:
            continue
    return total
