"""Figures of a benchmark, and the sections of docs/reference/performance.md that they are written into."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "performance.md"
HEADINGS = ("what", "median", "best", "worst", "runs", "budget")


@dataclass(frozen=True)
class Figure:
    """One row: what, the measured values in `unit`, and the budget it is held against."""

    what: str
    values: Sequence[float]
    unit: str
    budget: str

    def cells(self) -> tuple[str, ...]:
        low, middle, high = min(self.values), statistics.median(self.values), max(self.values)
        worded = [told(value, self.unit) for value in (middle, low, high)]
        return (self.what, *worded, str(len(self.values)), self.budget)


def told(value: float, unit: str) -> str:
    """Return a value as the page shows it: seconds with two digits behind the point, everything else with none."""
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.0f} {unit}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of the page."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (headings, ("---",) * len(headings), *rows))


def head(command: str, *, load_before: float) -> str:
    """Say when and where a section was measured, and how to repeat it."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    load = f"load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after"
    return f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}; {load}.\nTo repeat: `{command}`."


def write(section: str, text: str) -> None:
    """Put `text` between the marks of its section, which the page must have; its other sections belong to other measurements."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, found, rest = page.partition(begin)
    if not found or end not in rest:
        raise SystemExit(f"{PAGE} has no section {section!r}: add {begin} and {end}")
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
