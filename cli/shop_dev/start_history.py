"""Timings of earlier starts, to compare the newest one with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

KEPT = 10
"""How many earlier starts a comparison looks at: enough to be calm, few enough to follow a change."""


@dataclass(frozen=True)
class EarlierStart:
    """One line of the history: seconds in all, and by resource from the decision to start it to ready."""

    at: float
    seconds: float
    resources: Mapping[str, float]


def earlier_starts(history: Path, *, before: float) -> list[EarlierStart]:
    """Return the starts before `before` (seconds since the epoch), oldest first. A line that is damaged is passed over."""
    try:
        lines = history.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = [start for line in lines if (start := _parsed(line))]
    return [start for start in found if start.at < before]


def resources_started(history: Path, *, at: float) -> frozenset[str]:
    """Return what the start that was ready at `at` consisted of, by the line it left; empty where it left none."""
    return frozenset(name for start in earlier_starts(history, before=float("inf")) if start.at == at for name in start.resources)


def usual_seconds(earlier: Sequence[EarlierStart], *, resources: frozenset[str]) -> float | None:
    """Return the median of the last starts of the same resources, or None if there is none."""
    alike = [start.seconds for start in earlier if start.resources.keys() == resources][-KEPT:]
    return median(alike) if alike else None


def usual_seconds_of(earlier: Sequence[EarlierStart], resource: str) -> float | None:
    """Return the median of what `resource` took in the last starts, or None if it never started."""
    taken = [start.resources[resource] for start in earlier if resource in start.resources][-KEPT:]
    return median(taken) if taken else None


def _parsed(line: str) -> EarlierStart | None:
    try:
        read = json.loads(line)
        return EarlierStart(float(read["at"]), float(read["seconds"]), {str(k): float(v) for k, v in read["resources"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
