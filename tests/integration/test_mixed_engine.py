"""Stores in containers on a real Docker daemon, the rest as processes: started, seen, restarted, kept, stopped and swept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.containers_of import containers, in_containers, resources_of, up, volumes
from fakes.docker_here import daemon_address, ensure_images
from fakes.sandbox_home import Home, eventually
from shop_sandbox import logs
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.credentials import credentials_of
from shop_sandbox.ending import is_locked, remove
from shop_sandbox.engines.docker.images import KAFKA, POSTGRES, VALKEY
from shop_sandbox.errors import ErrorCode
from shop_sandbox.events import AnyEvent, ResourceState, SandboxFailed, SandboxReady, SandboxStopped, Swept
from shop_sandbox.health import redis as redis_health
from shop_sandbox.supervisor.protocol import SandboxState

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with daemon_address(tmp_path_factory.mktemp("docker")) as found:
        ensure_images(found, [str(KAFKA), str(POSTGRES), str(VALKEY)])
        yield found


@pytest.fixture
def mixed(home: Home, address: str) -> Iterator[Home]:
    with in_containers(home, address, "mixed") as found:
        yield found


def put(home: Home, client: SandboxClient, text: str | None = None) -> str | None:
    """Keep a text in Redis, or read it."""
    port = int(client.status().endpoints["redis"].rpartition(":")[2])
    password = credentials_of(home.paths).password("redis")
    if text is not None:
        redis_health.write_stamp(port, password, text)
    return redis_health.read_stamp(port, password)


def test_stores_run_in_containers_do_their_work_and_leave_none_behind(mixed: Home) -> None:
    client, first = up(mixed, "kafka", "postgres", "redis")

    status = client.status()
    found = {one.name: one for one in status.resources}
    assert status.state is SandboxState.READY
    assert {name: found[name].state for name in ("kafka", "postgres", "redis")} == dict.fromkeys(
        ("kafka", "postgres", "redis"), ResourceState.READY
    )
    assert found["postgres"].pid is None
    assert found["postgres"].pss_bytes
    assert resources_of(mixed) == ["kafka", "postgres", "redis"]
    eventually(lambda: list(logs.read(mixed.paths, resources=("redis",))), "what it prints is logged")

    assert isinstance(list(client.down())[-1], SandboxStopped)
    assert containers(mixed) == []
    client, again = up(mixed, "kafka", "postgres", "redis")
    assert (ready(first).generation, ready(again).generation) == (1, 2)
    list(client.down(purge=True))
    assert (containers(mixed), volumes(mixed)) == ([], [])


def test_a_container_that_is_killed_is_started_again_with_its_data(mixed: Home) -> None:
    client, _ = up(mixed, "redis")
    stamp = put(mixed, client)
    (first,) = containers(mixed)

    first.kill()

    eventually(lambda: [one.id for one in containers(mixed) if one.status == "running"] not in ([], [first.id]), "another one runs")
    eventually(lambda: client.status().state is SandboxState.READY, "and is ready")
    assert put(mixed, client) == stamp
    list(client.down(purge=True))


def test_what_outlives_a_killed_supervisor_is_swept_by_the_next_up(mixed: Home) -> None:
    client, _ = up(mixed, "redis")
    stamp = put(mixed, client)
    os.kill(client.status().supervisor_pid, signal.SIGKILL)
    eventually(lambda: not is_locked(mixed.paths), "the supervisor has ended")
    (outlived,) = containers(mixed)

    client, events = up(mixed, "redis")

    assert f"container {outlived.name}" in [event.what for event in events if isinstance(event, Swept)]
    assert [one.id for one in containers(mixed)] != [outlived.id]
    assert put(mixed, client) == stamp
    list(client.down(purge=True))


def test_a_purge_without_a_supervisor_removes_containers_and_volumes(mixed: Home) -> None:
    client, _ = up(mixed, "redis")
    os.kill(client.status().supervisor_pid, signal.SIGKILL)
    eventually(lambda: not is_locked(mixed.paths), "the supervisor has ended")

    list(remove(mixed.paths))

    assert (containers(mixed), volumes(mixed)) == ([], [])


def test_data_of_another_engine_is_not_begun_anew_beside_itself(mixed: Home) -> None:
    client, _ = up(mixed, "redis")
    list(client.down())
    mixed.settings = mixed.with_(engine="embedded")

    last = list(start_or_attach(mixed.settings).up(("redis",)))[-1]

    assert isinstance(last, SandboxFailed)
    assert last.code == ErrorCode.STATE_INCOMPLETE
    assert "with another engine" in last.message
    assert len(volumes(mixed)) == 1
    list(remove(mixed.paths))


def test_without_a_daemon_the_start_says_where_it_was_looked_for(home: Home) -> None:
    home.settings = home.with_(
        blueprint="shop_sandbox.supervisor.blueprint:by_engine",
        engine="mixed",
        inherited={**home.settings.inherited, "DOCKER_HOST": f"unix://{home.checkout}/no.sock"},
    )

    last = list(start_or_attach(home.settings).up(("redis",)))[-1]

    assert isinstance(last, SandboxFailed)
    assert last.code == ErrorCode.DOCKER_AWAY
    assert f"there is no {Path(home.checkout) / 'no.sock'}" in last.message


def test_an_image_that_cannot_be_pulled_is_named(mixed: Home) -> None:
    mixed.settings = mixed.with_(blueprint="fakes.images_missing:blueprint")

    last = list(start_or_attach(mixed.settings).up(("redis",)))[-1]

    assert isinstance(last, SandboxFailed)
    assert last.code == ErrorCode.IMAGE_MISSING, last.message
    assert "127.0.0.1:1/nowhere:1" in last.message


def ready(events: list[AnyEvent]) -> SandboxReady:
    assert isinstance(events[-1], SandboxReady)
    return events[-1]
