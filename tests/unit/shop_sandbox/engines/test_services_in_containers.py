"""What a service in a container is given, and what a task beside it tells the emulator."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Endpoints, Viewer
from shop_sandbox.engines.choice import choose
from shop_sandbox.engines.docker.program_drivers import ServiceDriver, TaskDriver, TelemetryDriver
from shop_sandbox.engines.driver import ForkLaunch
from shop_sandbox.paths import CachePaths, SandboxPaths
from shop_sandbox.provision.told import tell
from shop_sandbox.resources.limits import Limits
from shop_sandbox.resources.model import PythonRuntime, Resource, ResourceKind
from shop_sandbox.run_context import RunContext

PORTS = {"kafka": 20001, "aws": 20002, "telemetry": 20003, "orders": 20004, "orders.grpc": 20005, "edge": 20006}
ORDERS = Resource(
    "orders",
    ResourceKind.SERVICE,
    uses=("telemetry", "edge"),
    ports=("orders", "orders.grpc"),
    runtime=PythonRuntime("shop_services.orders.bootstrap:main"),
    environment={"SHOP_SERVICE": "orders"},
)


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    paths = SandboxPaths(tmp_path, "default", tmp_path / "run")
    (tmp_path / ".shop-dev" / "default").mkdir(parents=True)
    return RunContext(
        paths=paths,
        cache=CachePaths(tmp_path / "cache"),
        endpoints=Endpoints(PORTS, elsewhere=choose("docker", {}, {}).elsewhere(PORTS)),
        credentials=Credentials(secret="5e" * 32),
        resources={"orders": ORDERS},
        environment=lambda: {"AWS_ENDPOINT_URL": "http://127.0.0.1:20002"},
        inherited={"HOME": "/homes/developer", "PATH": "/usr/bin"},
        announce=lambda _: None,
    )


def test_it_finds_everything_by_name_and_nothing_of_this_machine(context: RunContext) -> None:
    tell(context.paths.provisioned, {"orders": {"SHOP_USER_POOL_X_JWKS_URL": "http://127.0.0.1:20002/x/jwks.json"}})

    launch = ServiceDriver().launch(ORDERS, context)

    given = launch.contained.environment
    assert given["KAFKA_BOOTSTRAP_SERVERS"] == "kafka:9092"
    assert given["AWS_ENDPOINT_URL"] == "http://aws:4566"
    assert given["SHOP_EDGE_URL"] == "http://edge:20006"
    assert given["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://telemetry:20003"
    assert given["SHOP_USER_POOL_X_JWKS_URL"] == "http://aws:4566/x/jwks.json"
    assert not {"HOME", "PATH"} & given.keys()


def test_it_listens_inside_where_it_is_outside_and_is_published_there(context: RunContext) -> None:
    launch = ServiceDriver().launch(ORDERS, context)

    given = launch.contained.environment
    assert (given["PORT"], given["PORT_GRPC"], given["LISTEN_ADDRESS"]) == ("20004", "20005", "0.0.0.0")  # noqa: S104 - inside
    assert launch.published == {20004: 20004, 20005: 20005}
    assert launch.alias == "orders"


def test_it_may_do_nothing_special_and_reads_the_clock_of_its_sandbox(context: RunContext) -> None:
    taken = ServiceDriver().launch(replace(ORDERS, limits=Limits(memory_bytes=96 << 20, cpus=0.5)), context).contained
    told = taken.as_docker_takes_it()

    assert (told["read_only"], told["cap_drop"], told["mem_limit"], told["nano_cpus"]) == (True, ["ALL"], "96m", 500_000_000)
    assert told["volumes"] == {str(context.paths.clock): {"bind": taken.environment["SHOP_CLOCK_FILE"], "mode": "ro"}}
    assert "user" not in told


def test_certificates_are_read_by_who_may_and_found_where_they_are_inside(context: RunContext, tmp_path: Path) -> None:
    files = {"SHOP_TLS_CERTIFICATE": f"{tmp_path}/orders.pem", "SHOP_TLS_KEY": f"{tmp_path}/orders.key"}
    taken = ServiceDriver().launch(replace(ORDERS, environment={**ORDERS.environment, **files}), context).contained

    assert taken.mounts[taken.environment["SHOP_TLS_KEY"]] == f"{tmp_path}/orders.key"
    assert taken.user == f"{os.getuid()}:{os.getgid()}"


def test_a_task_reaches_stores_itself_and_hands_on_addresses_as_the_emulator_sees_them(context: RunContext) -> None:
    task = Resource(
        "provision-aws", ResourceKind.PROVISION, runtime=PythonRuntime("shop_sandbox.provision.aws:main"), environment={}
    )

    launch = TaskDriver().launch(task, context)

    assert isinstance(launch, ForkLaunch)
    assert launch.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:20002"
    assert launch.environment["SHOP_EDGE_URL"] == "http://edge:20006"


def test_traces_of_an_earlier_run_move_into_the_folder_that_the_collector_writes(
    context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop_sandbox.engines.docker.program_drivers.ImageDriver.prepare", lambda *_: None)
    context.paths.telemetry.write_bytes(b"spans")
    telemetry = Resource("telemetry", ResourceKind.TELEMETRY, ports=("telemetry",))

    TelemetryDriver().prepare(telemetry, context)
    TelemetryDriver().prepare(telemetry, context)

    assert context.paths.telemetry.read_bytes() == b"spans"
    taken = TelemetryDriver().launch(telemetry, context).contained
    assert list(taken.writable.values()) == [str(context.paths.telemetry.resolve().parent)]


def test_an_address_that_is_no_endpoint_stays_as_it_is(context: RunContext) -> None:
    seen = context.endpoints.as_seen_by

    assert seen(Viewer.CONTAINER, "http://127.0.0.1:20002/a/b") == "http://aws:4566/a/b"
    assert seen(Viewer.CONTAINER, "http://127.0.0.1:200021/a") == "http://127.0.0.1:200021/a"
    assert seen(Viewer.CONTAINER, "pool-1") == "pool-1"
