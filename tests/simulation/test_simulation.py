"""Histories of the shop under faults, from fixed seeds, in a process of their own: its sets of texts come in the same order each
time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from simulation.history import SORTS

HERE = Path(__file__).resolve().parents[1]
HISTORIES = int(os.environ.get("SHOP_SIMULATED_HISTORIES") or ("1000" if os.environ.get("CI") == "true" else "60"))
"""In CI the whole thousand."""


ENOUGH_FOR_EVERY_FAULT = 1_000


@pytest.mark.timeout(900)
def test_every_invariant_holds_in_every_history_and_every_fault_happens() -> None:
    done = _simulate(str(HISTORIES), "--go-on")

    assert done.returncode == 0, done.stdout + done.stderr
    happened = {sort: int(count) for count, sort in re.findall(r"^ +(\d+)  (.+)$", done.stdout, re.MULTILINE)}
    assert happened.keys() == set(SORTS)
    if HISTORIES >= ENOUGH_FOR_EVERY_FAULT:
        assert words(SORTS) - words(sort for sort, count in happened.items() if count) == set()


def words(sorts: Iterable[str]) -> set[str]:
    """Return what is hit and what happens to it: not every pair of them comes in a thousand histories."""
    return {word for sort in sorts for word in sort.split()}


def test_a_seed_tells_the_same_story_twice() -> None:
    first, second = (_simulate("--seed", "11", "--steps").stdout for _ in range(2))

    assert "What was asked for:" in first
    assert first == second


def _simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "simulation", *arguments]
    return subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
