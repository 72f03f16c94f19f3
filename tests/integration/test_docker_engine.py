"""Everything in containers on a real Docker daemon: how they meet, and what becomes of them when something goes wrong.

Only stores run here: their images are made in seconds. The whole shop on this engine is in tests/containers.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.containers_of import containers, docker, in_containers, networks, up, volumes
from fakes.docker_here import daemon_address, ensure_images
from fakes.docker_link import DockerLink
from fakes.sandbox_home import Home, eventually
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.credentials import credentials_of
from shop_sandbox.ending import is_locked
from shop_sandbox.engines.docker.images import MINISTACK, VALKEY
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceState, SandboxStopped, Swept
from shop_sandbox.resources.limits import Limits
from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxState

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with daemon_address(tmp_path_factory.mktemp("docker")) as found:
        ensure_images(found, [str(MINISTACK), str(VALKEY)])
        yield found


@pytest.fixture
def contained(home: Home, address: str) -> Iterator[Home]:
    with in_containers(home, address, "docker") as found:
        yield found


def resource(client: SandboxClient, name: str) -> ResourceStatus:
    return next(one for one in client.status().resources if one.name == name)


def test_containers_meet_in_a_network_of_the_sandbox_and_nothing_is_left_of_it(contained: Home) -> None:
    client, _ = up(contained, "aws", "redis")
    password = credentials_of(contained.paths).password("redis")

    (network,) = networks(contained)
    (redis,) = [one for one in containers(contained) if one.labels["dev.shop-dev.resource"] == "redis"]
    answer = docker(contained).containers.run(
        str(VALKEY), ["redis-cli", "-h", "redis", "--no-auth-warning", "-a", password, "PING"], network=network.name, remove=True
    )

    assert answer == b"PONG\n"
    assert {one["HostIp"] for ports in redis.ports.values() for one in ports or ()} == {"127.0.0.1"}
    assert {one.engine for one in client.status().resources if one.state is ResourceState.READY} == {"docker"}
    assert isinstance(list(client.down())[-1], SandboxStopped)
    assert (containers(contained), networks(contained), len(volumes(contained))) == ([], [], 2)
    list(start_or_attach(contained.settings).down(purge=True))
    assert volumes(contained) == []


def test_the_emulator_keeps_its_state_over_an_orderly_stop_and_says_when_it_was_killed(contained: Home) -> None:
    client, _ = up(contained, "aws")
    list(client.down())
    client, _ = up(contained, "aws")
    assert client.status().generation == 2

    (emulator,) = containers(contained)
    emulator.kill()

    eventually(lambda: client.status().state is SandboxState.FAILED, "the sandbox says that its state is lost")
    failure = client.status().failure
    assert failure is not None
    assert failure.code == ErrorCode.EMULATOR_STATE_LOST
    list(client.down(purge=True))


def test_what_a_killed_supervisor_left_is_swept_by_the_next_up_its_network_too(contained: Home) -> None:
    client, _ = up(contained, "redis")
    os.kill(client.status().supervisor_pid, signal.SIGKILL)
    eventually(lambda: not is_locked(contained.paths), "the supervisor has ended")
    (outlived,), (network,) = containers(contained), networks(contained)

    client, events = up(contained, "redis")

    assert f"container {outlived.name}" in [event.what for event in events if isinstance(event, Swept)]
    assert [one.id for one in containers(contained)] != [outlived.id]
    assert [one.id for one in networks(contained)] != [network.id]
    list(client.down(purge=True))
    assert (containers(contained), networks(contained), volumes(contained)) == ([], [], [])


def test_a_container_that_takes_too_much_memory_is_ended_by_the_kernel_and_started_again(contained: Home) -> None:
    contained.settings = contained.with_(limits={"redis": Limits(memory_bytes=24 << 20)})
    client, _ = up(contained, "redis")
    port, password = resource(client, "redis").ports["redis"], credentials_of(contained.paths).password("redis")

    filling = f"AUTH {password}\r\nSETRANGE big 200000000 x\r\n"
    subprocess.run(["bash", "-c", f"printf '{filling}' > /dev/tcp/127.0.0.1/{port}"], check=True)

    eventually(lambda: resource(client, "redis").last_exit is not None, "it has died")
    last = resource(client, "redis").last_exit
    assert last is not None
    assert last.line == "used more memory than its 24 MiB"
    eventually(lambda: resource(client, "redis").state is ResourceState.READY, "and is back")
    list(client.down(purge=True))


def test_a_daemon_that_comes_back_finds_its_containers_where_they_were(contained: Home, address: str, tmp_path: Path) -> None:
    link = DockerLink(tmp_path / "link.sock", address)
    contained.settings = contained.with_(inherited={**contained.settings.inherited, "DOCKER_HOST": link.address})
    client, _ = up(contained, "redis")
    (before,) = containers(contained, address)

    link.cut()
    eventually(lambda: resource(client, "redis").pss_bytes is None, "nobody tells what it uses")
    link.mend()

    eventually(lambda: resource(client, "redis").pss_bytes, "the daemon tells again")
    assert resource(client, "redis").restarts == 0
    assert [one.id for one in containers(contained, address)] == [before.id]
    list(client.down(purge=True))
    assert containers(contained, address) == []


def test_what_a_restarted_daemon_has_ended_is_started_again(contained: Home, address: str, tmp_path: Path) -> None:
    link = DockerLink(tmp_path / "link.sock", address)
    contained.settings = contained.with_(inherited={**contained.settings.inherited, "DOCKER_HOST": link.address})
    client, _ = up(contained, "redis")
    (before,) = containers(contained, address)

    link.cut()
    before.kill()
    link.mend()

    eventually(lambda: resource(client, "redis").restarts == 1, "it is started again")
    eventually(lambda: client.status().state is SandboxState.READY, "and is ready")
    list(client.down(purge=True))


def test_a_stop_does_not_wait_for_a_daemon_that_is_away(contained: Home, address: str, tmp_path: Path) -> None:
    link = DockerLink(tmp_path / "link.sock", address)
    contained.settings = contained.with_(inherited={**contained.settings.inherited, "DOCKER_HOST": link.address})
    client, _ = up(contained, "redis")

    link.cut()
    stopped = list(client.down())[-1]

    assert isinstance(stopped, SandboxStopped)
    assert stopped.forced == ("redis",)
    link.mend()
    (left,) = containers(contained, address)
    client, events = up(contained, "redis")
    assert f"container {left.name}" in [event.what for event in events if isinstance(event, Swept)]
    assert len(containers(contained, address)) == 1
    list(client.down(purge=True))


def test_another_engine_than_the_one_that_runs_is_refused_with_what_to_do(contained: Home) -> None:
    client, _ = up(contained, "redis")

    with pytest.raises(SandboxError) as raised:
        start_or_attach(contained.with_(engine="mixed"), insists_on_engine=True)

    assert raised.value.code == ErrorCode.ENGINE_REFUSED
    assert "runs with engine docker, not with engine mixed" in raised.value.message
    assert start_or_attach(contained.with_(engine="mixed")).attached
    list(client.down(purge=True))
