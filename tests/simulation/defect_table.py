"""Puts the known defects back one at a time, looks how many histories it takes to find each, and writes the reference page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulation import history
from simulation.defects import DEFECTS, NOT_FOUND, Defect, HasMoved, present
from simulation.run import cpu_seconds, run_many
from simulation.shrinking import PARTICULAR

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/simulation.md"
_HEAD = """# What the simulation finds

Made by `just simulate --defects 5000`. Each of these was once wrong in this shop, unless it says that it is invented, and is put
back into the code as it is now ([defects.py](../../tests/simulation/defects.py)). Then histories are played from seed 1 on until an
invariant breaks. [How it works](../concepts/simulation.md).

| defect | what is wrong with it | histories until found | what broke |
|---|---|---|---|
"""
_NOT_FOUND = """
## What it cannot find

| defect | why |
|---|---|
"""


@dataclass(frozen=True)
class Search:
    """How the search for one defect went."""

    defect: Defect
    outcome: str
    broken: str

    def row(self) -> str:
        """Return its line in the table."""
        return f"| {self.defect.name} | {self.defect.sentence} | {self.outcome} | {self.broken} |"


def search(defect: Defect, *, most: int) -> Search:
    """Play histories with the defect in the code until one breaks something."""
    try:
        with present(defect):
            for count, result in enumerate(run_many(history.draw(seed) for seed in range(1, most + 1)), start=1):
                told = next((violation for violation in result.violations if defect.harm in violation), None)
                if told:
                    return Search(defect, str(count), PARTICULAR.sub("…", told))
    except HasMoved as moved:
        return Search(defect, "not put back", f"{moved} has moved")
    return Search(defect, f"not within {most}", "")


def write(most: int, names: Collection[str] = ()) -> Iterator[str]:
    """Search for the named defects (all, without a name), write the page after each, and yield a line about each."""
    for defect in DEFECTS:
        if names and defect.name not in names:
            continue
        began = cpu_seconds()
        found = search(defect, most=most)
        rows = dict(_rows(PAGE.read_text(encoding="utf-8"))) if PAGE.exists() else {}  # others may be at work on it as well
        rows[defect.name] = found.row()
        PAGE.write_text(_page(rows), encoding="utf-8")
        yield f"{defect.name}: {found.outcome} ({cpu_seconds() - began:.0f} CPU seconds) {found.broken}"


def _rows(text: str) -> Iterator[tuple[str, str]]:
    known = {defect.name for defect in DEFECTS}
    for line in text.splitlines():
        name = line.removeprefix("| ").partition(" |")[0]
        if name in known:
            yield name, line


def _page(rows: Mapping[str, str]) -> str:
    lines = "\n".join(rows[defect.name] for defect in DEFECTS if defect.name in rows)
    reasons = "\n".join(f"| {what} | {why} |" for what, why in NOT_FOUND)
    return f"{_HEAD}{lines}\n{_NOT_FOUND}{reasons}\n"
