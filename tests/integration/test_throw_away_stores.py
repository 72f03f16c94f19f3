"""Throw-away containers go with the test run that started them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from docker import DockerClient
from fakes.docker_here import CHECKOUT, daemon_address, ensure_images
from fakes.throw_away import SESSION, sweep, throw_away
from shop_sandbox.engines.docker.images import VALKEY

pytestmark = pytest.mark.integration
_HOLDS_ONE = """
import sys
from fakes.throw_away import throw_away
with throw_away(["redis"]):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with daemon_address(tmp_path_factory.mktemp("docker")) as found, pytest.MonkeyPatch.context() as patch:
        ensure_images(found, [str(VALKEY)])
        patch.setenv("DOCKER_HOST", found)
        yield found


def of(pid: int) -> list[str]:
    found = DockerClient.from_env().containers.list(all=True, filters={"label": SESSION}, ignore_removed=True)
    return [str(one.name) for one in found if one.labels[SESSION].startswith(f"{pid}:")]


def test_a_store_is_there_for_the_block_alone_and_on_loopback_only() -> None:
    with throw_away(["redis"]) as found:
        (name,) = of(os.getpid())
        ports = DockerClient.from_env().containers.get(name).ports

        assert found["redis"].startswith("redis://:throw-away@127.0.0.1:")
        assert {one["HostIp"] for bound in ports.values() for one in bound or ()} == {"127.0.0.1"}
    assert of(os.getpid()) == []


def test_what_a_killed_run_leaves_is_removed_by_the_next_one_and_nothing_of_those_that_run() -> None:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "tests")}
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS_ONE], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert sweep() == []
        (left,) = of(other.pid)
        os.kill(other.pid, signal.SIGKILL)
        other.wait(30)

    assert sweep() == [left]
    assert of(other.pid) == []
