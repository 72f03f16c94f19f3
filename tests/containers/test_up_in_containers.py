"""The whole shop by `up --engine docker`: services in containers do what processes do, and nothing is left of them.

Not part of the usual run: the images take minutes. `just containers` runs it, with `DOCKER_HOST` where the daemon is elsewhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient
from e2e.shop import CommandFailed, Sandbox, Shop, until
from fakes.docker_here import CHECKOUT, daemon_address, ensure_images
from shop_sandbox.engines.docker.images import KAFKA, MINISTACK, POSTGRES, PYTHON, VALKEY


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerClient]:
    with daemon_address(tmp_path_factory.mktemp("docker")) as address, pytest.MonkeyPatch.context() as patch:
        ensure_images(address, [str(image) for image in (KAFKA, POSTGRES, VALKEY, MINISTACK, PYTHON)])
        patch.setenv("DOCKER_HOST", address)
        subprocess.run([sys.executable, "-P", "-m", "shop_dev", "build"], cwd=CHECKOUT, check=True, capture_output=True)
        yield DockerClient(base_url=address)


@pytest.fixture(scope="module")
def sandbox(docker: DockerClient) -> Iterator[Sandbox]:
    started = Sandbox(f"dock-{uuid.uuid4().hex[:6]}")
    try:
        started.cli("up", "--engine", "docker")
        yield started
    finally:
        started.cli("down", "--purge")
    assert left(docker, started) == []


def left(docker: DockerClient, sandbox: Sandbox) -> list[str]:
    ours = {"label": f"dev.shop-dev.sandbox={sandbox.name}"}
    found = (
        *docker.containers.list(all=True, filters=ours),
        *docker.networks.list(filters=ours),
        *docker.volumes.list(filters=ours),
    )
    return [str(one.name) for one in found]


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def container(docker: DockerClient, sandbox: Sandbox, resource: str) -> Any:
    labels = [f"dev.shop-dev.sandbox={sandbox.name}", f"dev.shop-dev.resource={resource}"]
    (found,) = docker.containers.list(filters={"label": labels})
    return found


def test_an_order_completes_and_its_trace_and_logs_are_told(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.place((shop.new_article(stock=1), 1))

    assert shop.outcome(order)["status"] == "completed"
    spans = until("every service has sent its spans", lambda: shop.trace(order))
    assert {"edge", "orders", "inventory", "payments"} <= {span["service"] for span in spans}
    assert any(order.id in str(line) for line in sandbox.cli("logs", "orders")["records"])


def test_services_are_nobody_and_can_write_nowhere(docker: DockerClient, sandbox: Sandbox) -> None:
    orders = container(docker, sandbox, "orders")

    assert orders.exec_run(["id", "-u"]).output == b"10001\n"
    assert orders.exec_run(["touch", "/shop/here"]).exit_code != 0
    assert sandbox.resource("orders")["engine"] == "docker"


def test_time_moves_for_services_in_containers(docker: DockerClient, sandbox: Sandbox) -> None:
    told = ["python", "-c", "import struct; print(struct.unpack('<q', open('/var/lib/shop-clock', 'rb').read())[0])"]

    sandbox.cli("clock", "advance", "2h")

    assert int(container(docker, sandbox, "orders").exec_run(told).output) == 2 * 3600 * 1000
    sandbox.cli("clock", "reset")


def test_a_container_that_is_killed_is_started_again_and_orders_go_on(docker: DockerClient, sandbox: Sandbox, shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    before = container(docker, sandbox, "inventory")

    before.kill()
    order = shop.place((sku, 1))

    assert shop.outcome(order)["status"] == "completed"
    assert sandbox.resource("inventory")["restarts"] == 1
    assert sandbox.resource("inventory")["lastExit"]["signal"] == 9


def test_a_service_is_restarted_and_no_process_takes_its_place(sandbox: Sandbox) -> None:
    sandbox.cli("restart", "pricing")
    assert sandbox.resource("pricing")["state"] == "ready"

    with pytest.raises(CommandFailed, match="swap_refused"):
        sandbox.cli("swap", "pricing", "--name", sandbox.name, "--", "true")


def test_data_stays_over_down_and_up(sandbox: Sandbox, shop: Shop) -> None:
    sku = shop.new_article(stock=3)

    sandbox.cli("down")
    again = sandbox.cli("up", "--engine", "docker")

    assert again["name"] == sandbox.name
    assert Shop(sandbox).stock(sku) == (3, 0, 0)


def test_without_the_flag_up_attaches_and_with_another_engine_it_refuses(sandbox: Sandbox) -> None:
    assert os.environ.get("SHOP_ENGINE") is None
    sandbox.cli("up")

    with pytest.raises(CommandFailed, match="engine_refused"):
        sandbox.cli("up", "--engine", "embedded")
