"""Histories of the shop under faults, from fixed seeds, in a process of their own: its sets of texts come in the same order each
time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
HISTORIES = int(os.environ.get("SHOP_SIMULATED_HISTORIES") or ("1000" if os.environ.get("CI") == "true" else "60"))
"""In CI the whole thousand."""


@pytest.mark.timeout(900)
def test_every_invariant_holds_in_every_history() -> None:
    done = _simulate(str(HISTORIES), "--go-on")

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_seed_tells_the_same_story_twice() -> None:
    first, second = (_simulate("--seed", "11", "--steps").stdout for _ in range(2))

    assert "What was asked for:" in first
    assert first == second


def _simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "simulation", *arguments]
    return subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
