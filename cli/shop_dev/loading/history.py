"""Earlier runs of load, a line each, to see where things are going."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from shop_dev.loading.origin import Origin

KEPT = 20
"""How many runs a trend looks at."""


class Ran(msgspec.Struct, frozen=True, rename="camel"):
    """A run as it is kept. `p95` is milliseconds by operation, `settings` what changes the figures: pace, workers, target."""

    profile: str
    origin: Origin
    verdict: str
    calls: int
    seconds: float
    settings: dict[str, object]
    p95: dict[str, float]


@dataclass(frozen=True)
class Trend:
    """An operation's 95th percentile over runs of one profile, oldest first, in milliseconds."""

    operation: str
    p95: tuple[float, ...]

    @property
    def change(self) -> float | None:
        """How the last run differs from the median of those before, as a share; None for the first."""
        *before, last = self.p95
        return last / median(before) - 1 if before else None


def history_file(checkout: Path) -> Path:
    """Where the runs of a checkout are kept."""
    return checkout / ".shop-dev" / "load-history.jsonl"


def remember(file: Path, ran: Ran) -> None:
    """Add a run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as lines:
        lines.write(msgspec.json.encode(ran) + b"\n")


def remembered(file: Path, *, profile: str) -> list[Ran]:
    """Return the runs of a profile, oldest first. A line that is damaged is passed over."""
    return [ran for ran in _runs(file) if ran.profile == profile]


def trends(runs: Sequence[Ran]) -> list[Trend]:
    """Return what became of each operation in the last runs that resemble the newest: its machine and settings, a verdict."""
    if not runs:
        return []
    newest = runs[-1]
    alike = [one for one in runs if (one.origin.machine, one.settings) == (newest.origin.machine, newest.settings)]
    by_operation: dict[str, list[float]] = defaultdict(list)
    for one in [one for one in alike if one.verdict != "invalid"][-KEPT:]:
        for operation, value in one.p95.items():
            by_operation[operation].append(value)
    return [Trend(operation, tuple(values)) for operation, values in sorted(by_operation.items())]


def _runs(file: Path) -> Iterator[Ran]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Ran)
        except msgspec.MsgspecError:
            continue
