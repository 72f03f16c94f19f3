"""The first day of somebody new in a repository of their own, from an empty folder: each command is typed, each screen read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.first_day.script import Developer, read
from shop_sandbox.paths import default_cache_root

SCRIPT = Path(__file__).with_name("in_a_repository_of_ones_own.day")
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME")


@pytest.fixture
def at_home(tmp_path: Path) -> Iterator[Developer]:
    """Somebody in an empty folder."""
    (tools := tmp_path / "tools").mkdir()
    (folder := tmp_path / "repository").mkdir()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment["SHOP_CACHE_DIR"] = os.environ.get("SHOP_TEST_CACHE") or str(default_cache_root(dict(os.environ)))
    developer = Developer.at(folder, environment, tools=tools)
    try:
        yield developer
    finally:
        down = [sys.executable, "-P", "-m", "shop_dev", "down", "--purge"]
        subprocess.run(down, cwd=folder, env=developer.environment, check=False, capture_output=True)


def test_in_a_repository_of_ones_own(at_home: Developer) -> None:
    for task in read(SCRIPT):
        at_home.does(task)
