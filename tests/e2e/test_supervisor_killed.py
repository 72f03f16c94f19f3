"""The supervisor of the real sandbox is killed at twenty moments of up, run, reload and down; nobody survives it, the data does."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.killings import MARK, PHASES, Killer
from shop_sandbox.client import connect
from shop_sandbox.errors import SandboxError
from shop_sandbox.paths import default_cache_root
from shop_sandbox.supervisor.settings import SupervisorSettings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

KILLS = 20


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[SupervisorSettings]:
    settings = settings_of_a_sandbox(tmp_path)
    yield settings
    with contextlib.suppress(SandboxError):
        list(connect(settings.paths).down())
    shutil.rmtree(settings.paths.root, ignore_errors=True)


def settings_of_a_sandbox(runtime_dir: Path) -> SupervisorSettings:
    """A sandbox of this checkout, with all its services, that nobody else knows."""
    return SupervisorSettings(
        checkout=str(Path(__file__).parents[2]),
        name=f"killed-{os.urandom(3).hex()}",
        cache_root=str(default_cache_root(dict(os.environ))),
        runtime_dir=str(runtime_dir),
        service_globs=["services/shop_services/*/service.yaml"],
        shared_code=["services/shop_kit", "contracts/shop_contracts"],
        inherited={name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME") if name in os.environ}
        | {MARK: os.urandom(8).hex()},
        start_timeout_seconds=180,
    )


def test_a_supervisor_killed_at_twenty_moments_leaves_nobody_and_loses_nothing(settings: SupervisorSettings) -> None:
    killer = Killer(settings, random.Random(20))
    first = killer.first_up()

    for number in range(KILLS):
        killer.kill_once(PHASES[number % len(PHASES)])

    assert killer.lost() == {}
    assert set(killer.acknowledged.newest) == {"postgres", "redis", "dynamodb", "kafka"}, "the writer wrote into all stores"
    assert killer.up().generation > first.generation
