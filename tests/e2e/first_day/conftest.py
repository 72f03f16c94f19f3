"""Somebody new, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.first_day.script import Developer
from shop_sandbox.paths import default_cache_root

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME")


@pytest.fixture
def at_home(tmp_path: Path) -> Iterator[Developer]:
    """Somebody in an empty folder, with this interpreter's programs; every sandbox below the folder is gone afterwards."""
    (tools := tmp_path / "tools").mkdir()
    (folder := tmp_path / "repository").mkdir()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment["SHOP_CACHE_DIR"] = os.environ.get("SHOP_TEST_CACHE") or str(default_cache_root(dict(os.environ)))
    environment["XDG_STATE_HOME"] = str(tmp_path / "state")
    developer = Developer.at(folder, environment, tools=tools)
    try:
        yield developer
    finally:
        down = [sys.executable, "-P", "-m", "shop_dev", "down", "--all", "--purge"]
        subprocess.run(down, cwd=folder, env=developer.environment, check=False, capture_output=True)
