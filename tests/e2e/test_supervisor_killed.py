"""The supervisor of the real sandbox is killed at twenty random moments; nobody survives it, and the data does."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shop_sandbox.client import connect, start_or_attach
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import SandboxReady
from shop_sandbox.paths import default_cache_root
from shop_sandbox.platform import here
from shop_sandbox.supervisor.settings import SupervisorSettings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

MARK = "SHOP_TEST_MARK"
LONGEST_UP_SECONDS = 6.0
LONGEST_DOWN_SECONDS = 1.0
ENDS_WITHIN_SECONDS = 30.0
"""Stores are given 8 s to save, and 2 cores may be busy."""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[SupervisorSettings]:
    checkout = Path(__file__).parents[2]
    settings = SupervisorSettings(
        checkout=str(checkout),
        name=f"killed-{os.urandom(3).hex()}",
        cache_root=str(default_cache_root(dict(os.environ))),
        runtime_dir=str(tmp_path),
        service_globs=["services/shop_services/*/service.yaml"],
        inherited={name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME") if name in os.environ}
        | {MARK: os.urandom(8).hex()},
        start_timeout_seconds=180,
    )
    yield settings
    with contextlib.suppress(SandboxError):
        list(connect(settings.paths).down())
    shutil.rmtree(settings.paths.root, ignore_errors=True)


def survivors(settings: SupervisorSettings) -> list[int]:
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while left := here.processes_with(MARK, settings.inherited[MARK]):
        if time.monotonic() > deadline:
            return left
        time.sleep(0.05)
    return []


def kill_during(settings: SupervisorSettings, *, phase: str, after_seconds: float) -> None:
    client = start_or_attach(settings)
    if phase == "down":
        last = list(client.up())[-1]
        assert isinstance(last, SandboxReady), last
    killer = threading.Timer(after_seconds, os.kill, (client.status().supervisor_pid, signal.SIGKILL))
    killer.start()
    with contextlib.suppress(SandboxError):  # it went away in the middle of an answer: that is the test
        list(client.up() if phase == "up" else client.down())
    killer.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # a down that was faster than its killer
def test_a_supervisor_killed_at_twenty_moments_leaves_nobody_and_loses_nothing(settings: SupervisorSettings) -> None:
    moments = random.Random(20)
    first = list(start_or_attach(settings).up())[-1]
    assert isinstance(first, SandboxReady), first
    list(connect(settings.paths).down())

    for number in range(20):
        phase, longest = ("up", LONGEST_UP_SECONDS) if number % 2 else ("down", LONGEST_DOWN_SECONDS)
        kill_during(settings, phase=phase, after_seconds=moments.random() * longest)
        assert survivors(settings) == [], f"after kill {number} during {phase}"

    last = list(start_or_attach(settings).up())[-1]
    assert isinstance(last, SandboxReady), last
    assert last.generation > first.generation
