"""The page that benchmarks write their figures into: each has a section between marks of its own."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "performance.md"


def write(mark: str, section: str) -> None:
    """Put a section between its marks. Raises ValueError where the page does not have them."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    page = PAGE.read_text(encoding="utf-8")
    if begin not in page or end not in page:
        raise ValueError(f"{PAGE.name} has no marks {begin} and {end}")
    before, _, rest = page.partition(begin)
    PAGE.write_text(f"{before}{begin}\n{section.strip()}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def machine() -> str:
    """Say when and on what something was measured."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"Measured {datetime.now(UTC):%Y-%m-%d} on {system}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
