"""What the sandbox's processes use: read once in a while, and remembered."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from shop_sandbox.supervisor import usage
from shop_sandbox.supervisor.usage import UsageWatch

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield child
    child.communicate()


def running(**pids: int | None) -> Any:
    return {name: SimpleNamespace(handle=SimpleNamespace(pid=pid, memory_bytes=lambda: 7)) for name, pid in pids.items()} | {
        "stopped": SimpleNamespace(handle=None)
    }


async def test_processes_are_weighed_and_what_runs_elsewhere_tells_itself(process: subprocess.Popen[bytes]) -> None:
    watch = UsageWatch(running(orders=process.pid, container=None), spawner=process.pid)

    found = await watch.weights()

    assert found.resources["orders"] > 100_000
    assert found.resources["container"] == 7
    assert found.resources.keys() == {"orders", "container"}
    assert found.supervision > 100_000


async def test_what_is_known_is_not_read_again_and_the_most_that_was_reached_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {1: 100, 2: 10}
    read: list[int] = []

    def weigh(groups: Iterable[int]) -> dict[int, int]:
        asked = list(groups)
        read.extend(asked)
        return {group: sizes[group] for group in asked}

    monkeypatch.setattr(usage, "_weights_of", weigh)
    runs = running(orders=1)
    watch = UsageWatch(runs, spawner=1)

    first = await watch.weights()
    again = await watch.weights()
    runs["orders"].handle.pid = 2  # started anew
    anew = await watch.weights()

    assert (first.resources, again.resources, anew.resources) == ({"orders": 100}, {"orders": 100}, {"orders": 10})
    assert read == [1, 2]
    assert watch.memory.peaks == {"orders": 100}


async def test_processors_are_those_used_since_the_last_look_and_a_new_process_has_no_past(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {1: 5.0, 2: 100.0}
    moments = iter((10.0, 20.0, 30.0, 40.0))
    monkeypatch.setattr(usage, "_cpu_seconds_of", lambda groups: {group: seconds[group] for group in groups})
    monkeypatch.setattr(usage, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    runs = running(orders=1)
    watch = UsageWatch(runs, spawner=1)

    await watch.look_at_cpus()
    first = dict(watch.cpus.now)
    seconds[1] = 12.0
    await watch.look_at_cpus()
    second = dict(watch.cpus.now)
    runs["orders"].handle.pid = 2  # started anew
    await watch.look_at_cpus()

    assert (first, second, watch.cpus.now, watch.cpus.peaks) == ({}, {"orders": 0.7}, {}, {"orders": 0.7})
