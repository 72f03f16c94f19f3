"""An engine that the supervisor has never heard of: its resources start, are seen, restart, stop and are swept like all others."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from fakes.sandbox_home import Home, eventually
from fakes.toy_engine import REGISTRY, ToyRuntime, volume_of, volumes
from shop_sandbox import logs
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.ending import remove
from shop_sandbox.errors import ErrorCode
from shop_sandbox.events import AnyEvent, ResourceState, SandboxFailed, SandboxReady, SandboxStopped, Swept
from shop_sandbox.supervisor.protocol import SandboxState

pytestmark = pytest.mark.integration


@pytest.fixture
def toys(home: Home) -> Iterator[Home]:
    home.settings = home.with_(blueprint="fakes.toy_engine:blueprint")
    yield home
    runtime = runtime_of(home)
    for name in ("test-redis", "test-postgres", "test-orders"):
        runtime.kill(name)


def runtime_of(home: Home) -> ToyRuntime:
    return ToyRuntime(home.checkout / REGISTRY)


def up(home: Home) -> tuple[SandboxClient, list[AnyEvent]]:
    client = start_or_attach(home.settings)
    events = list(client.up())
    assert isinstance(events[-1], SandboxReady), events[-1]
    return client, events


def test_it_starts_along_the_graph_and_is_seen_in_status_and_logs(toys: Home) -> None:
    client, _ = up(toys)

    status = client.status()
    found = {one.name: one for one in status.resources}
    assert status.state is SandboxState.READY
    assert (found["orders"].state, found["orders"].pid) == (ResourceState.READY, None)
    assert found["orders"].pss_bytes
    eventually(
        lambda: any("container of test-orders" in record.text for record in logs.read(toys.paths, resources=("orders",))),
        "it is logged",
    )


def test_it_is_started_again_when_it_dies_and_when_that_is_asked_for(toys: Home) -> None:
    client, _ = up(toys)
    first = runtime_of(toys).pid("test-orders")

    runtime_of(toys).kill("test-orders")
    eventually(lambda: runtime_of(toys).pid("test-orders") not in {None, first}, "it runs again")
    eventually(lambda: client.status().state is SandboxState.READY, "and is ready")
    second = runtime_of(toys).pid("test-orders")
    last = list(client.restart("orders"))[-1]

    assert isinstance(last, SandboxReady)
    assert runtime_of(toys).pid("test-orders") not in {None, second}


def test_down_leaves_nothing(toys: Home) -> None:
    client, _ = up(toys)

    last = list(client.down())[-1]

    assert isinstance(last, SandboxStopped)
    assert not runtime_of(toys).runs("test-redis")
    assert not runtime_of(toys).runs("test-orders")


def test_what_outlives_a_killed_supervisor_is_swept_by_the_next_up(toys: Home) -> None:
    client, _ = up(toys)
    os.kill(client.status().supervisor_pid, signal.SIGKILL)
    eventually(lambda: client_is_gone(toys), "the supervisor has ended")
    outlived = runtime_of(toys).pid("test-orders")

    _, events = up(toys)

    assert outlived is not None
    swept = [event.what for event in events if isinstance(event, Swept)]
    assert {"container test-redis", "container test-orders"} <= set(swept)
    assert runtime_of(toys).pid("test-orders") not in {None, outlived}


def test_what_outlives_a_killed_supervisor_is_swept_by_a_purge(toys: Home) -> None:
    client, _ = up(toys)
    os.kill(client.status().supervisor_pid, signal.SIGKILL)
    eventually(lambda: client_is_gone(toys), "the supervisor has ended")

    swept = [event.what for event in remove(toys.paths) if isinstance(event, Swept)]

    assert "container test-orders" in swept
    assert not runtime_of(toys).runs("test-orders")
    assert not toys.paths.root.exists()


def test_its_stores_keep_their_data_where_they_like_and_the_next_up_goes_on_from_it(toys: Home) -> None:
    client, events = up(toys)
    list(client.down())

    client, again = up(toys)

    assert (ready(events).generation, ready(again).generation) == (1, 2)
    assert not toys.paths.data("redis").exists()


def test_half_of_the_data_elsewhere_is_refused(toys: Home) -> None:
    client, _ = up(toys)
    list(client.down())
    volumes.remove({"volume": str(volume_of(toys.checkout, "redis"))})

    last = list(start_or_attach(toys.settings).up())[-1]

    assert isinstance(last, SandboxFailed)
    assert last.code == ErrorCode.STATE_INCOMPLETE
    assert (last.detail["missing"], last.detail["present"]) == (["redis"], ["postgres"])


def test_data_elsewhere_beside_a_lost_record_is_refused(toys: Home) -> None:
    client, _ = up(toys)
    list(client.down())
    toys.paths.state.unlink()

    last = list(start_or_attach(toys.settings).up())[-1]

    assert isinstance(last, SandboxFailed)
    assert last.detail["missing"] == ["state.json"]


def test_a_reset_and_a_purge_remove_data_elsewhere_whether_a_supervisor_runs_or_not(toys: Home) -> None:
    volume = volume_of(toys.checkout, "redis")
    client, _ = up(toys)
    (volume / "records").write_text("of the past")
    list(client.down())

    toys.settings = toys.with_(reset=True)
    client, events = up(toys)
    assert (ready(events).generation, (volume / "records").exists()) == (1, False)
    list(client.down(purge=True))
    assert not volume.exists()

    toys.settings = toys.with_(reset=False)
    client, _ = up(toys)
    list(client.down())
    assert volume.exists()
    list(remove(toys.paths))
    assert not volume.exists()


def ready(events: list[AnyEvent]) -> SandboxReady:
    assert isinstance(events[-1], SandboxReady)
    return events[-1]


def client_is_gone(home: Home) -> bool:
    from shop_sandbox.ending import is_locked

    return not is_locked(home.paths)
