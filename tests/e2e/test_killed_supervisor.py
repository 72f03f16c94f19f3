"""`kill -9` of the supervisor of real processes: nobody survives it, and nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator

import psutil
import pytest
from e2e.shop import CHECKOUT, Sandbox, Shop, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

KILLS = 20


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    """A sandbox for one test, which may break it."""
    started = Sandbox(f"killed-{uuid.uuid4().hex[:6]}")
    try:
        yield started
    finally:
        started.cli("down", "--purge")
    assert started.survivors() == []


def test_orders_and_stock_survive_a_killed_supervisor(own_sandbox: Sandbox) -> None:
    own_sandbox.cli("up")
    shop = Shop(own_sandbox)
    sku = shop.new_article(stock=5)
    orders = [shop.place((sku, 1)) for _ in range(3)]
    outcomes = [shop.outcome(order)["status"] for order in orders]

    psutil.Process(own_sandbox.status()["supervisorPid"]).kill()
    until("all processes have ended", lambda: own_sandbox.survivors() == [])
    own_sandbox.cli("up")
    again = Shop(own_sandbox)

    assert outcomes == ["completed"] * 3
    assert [again.outcome(order)["status"] for order in orders] == outcomes
    assert again.stock(sku) == (2, 0, 3)


def test_nobody_survives_a_supervisor_killed_at_a_random_moment(own_sandbox: Sandbox) -> None:
    moments = random.Random(11)
    phases = ["up", "down"] * (KILLS // 2)

    for phase in phases:
        if phase == "down":
            _up_from_whatever_is_left(own_sandbox)
        _kill_supervisor_during(own_sandbox, phase, after_events=moments.randrange(1, 22 if phase == "up" else 8))
        until(f"nobody survives a kill during {phase}", lambda: own_sandbox.survivors() == [])

    _up_from_whatever_is_left(own_sandbox)


def _kill_supervisor_during(sandbox: Sandbox, phase: str, *, after_events: int) -> None:
    """Start the command, and kill the supervisor once it has announced that many events (or is through)."""
    command = [sys.executable, "-m", "shop_dev", phase, "--name", sandbox.name]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        for count, _ in enumerate(run.stdout, start=1):
            if count == after_events:
                for process in _supervisor_of(sandbox):
                    sandbox.seen.update({child.pid: child.create_time() for child in process.children(recursive=True)})
                    process.kill()


def _supervisor_of(sandbox: Sandbox) -> list[psutil.Process]:
    """The process the sandbox's ledger names as its supervisor, if it runs."""
    try:
        status = sandbox.status()
        return [psutil.Process(status["supervisorPid"])]
    except (AssertionError, psutil.NoSuchProcess):
        return []


def _up_from_whatever_is_left(sandbox: Sandbox) -> None:
    """Bring the sandbox up. Where the kill cost the emulator its state, `up` must say so; then start anew."""
    command = [sys.executable, "-m", "shop_dev", "up", "--name", sandbox.name, "--json"]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        assert json.loads(run.stdout)["error"]["code"] == "state_incomplete", run.stdout
        sandbox.cli("up", "--reset")
    sandbox.status()
