"""One private sandbox for all tests of the shop: up once, down after them, with nothing left behind."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from e2e.shop import Sandbox, Shop


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of this checkout that only these tests use. When it goes down, all its processes are gone."""
    started = Sandbox(f"e2e-{uuid.uuid4().hex[:6]}")
    try:
        started.cli("up")
        started.status()
        yield started
        started.status()
    finally:
        started.cli("down", "--purge")
    assert started.survivors() == []


@pytest.fixture(scope="session")
def shop(sandbox: Sandbox) -> Shop:
    """The shop in it."""
    return Shop(sandbox)
