"""Sandboxes of small real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.sandbox_home import Home, eventually
from shop_sandbox.client import connect
from shop_sandbox.errors import SandboxError


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def home(tmp_path: Path, bytecode: Path) -> Iterator[Home]:
    home = Home(tmp_path, bytecode)
    yield home
    try:
        for _ in connect(home.paths).down(force=True):
            pass
    except SandboxError:
        pass
    eventually(lambda: not home.alive(), "everything of this test has ended")
