"""The whole shop in containers, by `docker compose` alone: built, brought up, filled, and an order completes.

Not part of the usual run: the images take minutes. `just containers` runs it, with `DOCKER_HOST` where the daemon is elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from docker import DockerClient
from fakes.docker_here import CHECKOUT, compose_program, daemon_address, ensure_images
from shop_sandbox.engines.docker.images import KAFKA, LOCALSTACK, MINISTACK, POSTGRES, PYTHON, VALKEY
from shop_sandbox.engines.docker.reproducible import Named, rewrite

Compose = Callable[..., str]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with daemon_address(tmp_path_factory.mktemp("docker")) as found:
        ensure_images(found, [str(image) for image in (KAFKA, POSTGRES, VALKEY, MINISTACK, LOCALSTACK, PYTHON)])
        yield found


@pytest.fixture(scope="module")
def docker(address: str) -> DockerClient:
    return DockerClient(base_url=address)


@pytest.fixture(scope="module")
def compose(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Calls Compose on the shop, in a project of its own at free ports, which is gone afterwards."""
    program = compose_program(tmp_path_factory.mktemp("compose"))
    project = f"shop-test-{uuid.uuid4().hex[:8]}"
    ports = {f"SHOP_{name}_PORT": "0" for name in ("EDGE", "AWS", "POSTGRES", "REDIS", "SCHEMA_REGISTRY", "LOCALSTACK")}
    environment = {**os.environ, **ports, "DOCKER_HOST": address, "SHOP_KAFKA_PORT": "29092", "SHOP_AWS": "localstack"}

    def call(*words: str) -> str:
        command = [
            *program,
            "--file",
            str(CHECKOUT / "compose.yaml"),
            "-p",
            project,
            "--profile",
            "shop",
            "--profile",
            "localstack",
        ]
        said = subprocess.run([*command, *words], env=environment, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr[-4000:]
        return said.stdout

    try:
        yield call
    finally:
        call("down", "--volumes", "--timeout", "5")


@pytest.fixture(scope="module")
def shop(compose: Compose, address: str) -> str:
    """The address of the front door of a shop that was built, is up and has goods."""
    build(address)
    compose("up", "--wait", "--no-build", "--quiet-pull")
    compose("run", "--rm", "--no-deps", "--entrypoint", "python", "provision-aws", "-m", "shop_seeding", "--products", "20")
    return f"http://{compose('port', 'edge', '8080').strip()}"


def test_an_order_completes(shop: str) -> None:
    with httpx.Client(base_url=shop, timeout=30) as client:
        quote = _post(client, "/v1/quotes", {"lines": [{"sku": "GAR-00001", "quantity": 1}], "currency": "EUR", "country": "DE"})
        order = _post(client, "/v1/orders", {"quote": quote["token"], "payment": {"methodToken": "tok_visa"}})
        client.headers["Authorization"] = f"Bearer {order['guestToken']}"

        deadline = time.monotonic() + 60
        while (status := client.get(f"/v1/orders/{order['id']}").json()["status"]) == "pending" and time.monotonic() < deadline:
            time.sleep(0.2)

    assert status == "completed"


def test_services_are_nobody_and_can_write_nowhere(shop: str, compose: Compose, docker: DockerClient) -> None:
    orders = docker.containers.get(compose("ps", "--quiet", "orders").strip())

    assert orders.exec_run(["id", "-u"]).output == b"10001\n"
    assert orders.exec_run(["touch", "/shop/here"]).exit_code != 0
    assert orders.exec_run(["touch", "/tmp/here"]).exit_code == 0
    assert orders.image.labels["org.opencontainers.image.title"] == "orders"


def test_what_has_not_changed_is_not_built_again(shop: str, address: str, docker: DockerClient) -> None:
    before = docker.images.get("shop-dev/orders:local").id
    said = build(address, "orders")

    assert "unchanged" in said
    assert docker.images.get("shop-dev/orders:local").id == before


def test_the_same_inputs_give_the_same_images_when_everything_is_built_anew(shop: str, address: str, docker: DockerClient) -> None:
    orders, cart = (docker.images.get(f"shop-dev/{name}:local") for name in ("orders", "cart"))
    before = orders.id

    assert orders.attrs["RootFS"] == cart.attrs["RootFS"]  # one build for all
    built, _ = docker.images.build(
        path=str(CHECKOUT), nocache=True, rm=True, network_mode="host", buildargs={"SERVICE": "platform"}
    )
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryFile() as saved:
        for chunk in built.save():
            saved.write(chunk)
        saved.seek(0)
        labels = dict(orders.labels)
        epoch = int(datetime.fromisoformat(orders.attrs["Created"]).timestamp())
        with rewrite(saved, [Named(["shop-dev/again:test"], labels)], epoch=epoch, into=Path(place)).open("rb") as archive:
            docker.images.load(archive)
    again = docker.images.get("shop-dev/again:test")
    docker.images.remove("shop-dev/again:test", force=True)
    docker.images.remove(built.id, force=True)

    assert again.id == before


def test_an_image_is_small_and_says_what_it_is_made_of(shop: str, compose: Compose, docker: DockerClient) -> None:
    orders = docker.containers.get(compose("ps", "--quiet", "orders").strip())
    labels = orders.image.labels

    assert orders.image.attrs["Size"] < 200_000_000
    assert re.fullmatch(r"[0-9a-f]{40}\+?", labels["org.opencontainers.image.revision"])
    told = json.loads(orders.exec_run(["cat", labels["dev.shop-dev.sbom"]]).output)
    assert told["bomFormat"] == "CycloneDX"
    assert {"confluent-kafka", "uvloop"} <= {one["name"] for one in told["components"]}
    assert orders.exec_run(["python", "-m", "pip", "--version"]).exit_code != 0


def build(address: str, *services: str) -> str:
    environment = {**os.environ, "DOCKER_HOST": address}
    command = [str(CHECKOUT / "shop-dev"), "build", *services]
    said: str = subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, capture_output=True, text=True).stdout
    return said


def _post(client: httpx.Client, path: str, body: Any) -> Any:
    answer = client.post(path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
    assert answer.is_success, answer.text
    return answer.json()
