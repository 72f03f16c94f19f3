"""`shop-dev compose` and `shop-dev build`, seen from the terminal."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from fakes.docker_registries import digest_of, registries
from shop_sandbox.engines.docker.images import DIGESTS, PINNED, VALKEY

ORDERS = "schemaVersion: 1\nservice: orders\nsummary: Orders\nowner: checkout\nruntime: {python: 'orders:main'}\n"


@pytest.fixture
def described(checkout: Path) -> Path:
    for name in ("edge", "inventory", "payments"):
        (checkout / "services" / name / "service.yaml").unlink()
    (checkout / "services" / "orders" / "service.yaml").write_text(ORDERS)
    return checkout


def test_a_missing_or_stale_file_fails_the_check_and_is_made(shop_dev: ShopDev, described: Path) -> None:
    missing = shop_dev("compose", "--check", "--json")
    assert (missing.status, missing.document()["error"]["code"]) == (1, "compose_stale")
    assert not (described / "compose.yaml").exists()

    assert shop_dev("compose").out == "compose.yaml is made from the manifests.\n"
    assert shop_dev("compose", "--check").status == 0
    assert "orders:" in (described / "compose.yaml").read_text()

    (described / "services" / "orders" / "service.yaml").write_text(ORDERS + "needs: {caches: [{name: orders}]}\n")
    assert shop_dev("compose", "--check").status == 1


def test_what_cannot_run_in_a_container_is_a_warning(shop_dev: ShopDev, described: Path) -> None:
    (described / "services" / "orders" / "service.yaml").write_text(
        ORDERS.replace("python: 'orders:main'", "command: [sh, -c, sleep 1]")
    )

    said = shop_dev("compose", "--json").document()

    assert said["data"]["leftOut"] == ["orders"]
    (warning,) = said["warnings"]
    assert warning.startswith("orders is left out: only services in Python")


def test_without_a_daemon_nothing_is_built_and_it_is_said_where_it_was_looked_for(
    shop_dev: ShopDev, described: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{described}/no.sock")

    error = shop_dev("build", "--json").document()["error"]

    assert error["code"] == "docker_away"
    assert f"there is no {described}/no.sock" in error["message"]


def test_a_socket_that_nobody_answers_at_is_told_too(shop_dev: ShopDev, described: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = described / "dead.sock"
    socket.socket(socket.AF_UNIX).bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

    said = shop_dev("build", "orders", "--json")

    assert (said.status, said.document()["error"]["code"]) == (1, "docker_away")
    assert "does not answer" in said.document()["error"]["message"]


def test_a_service_that_is_not_there_is_named(shop_dev: ShopDev, described: Path) -> None:
    said = shop_dev("build", "ordres", "--json")

    assert (said.status, said.document()["error"]["code"]) == (2, "resource_unknown")


def test_digests_are_asked_for_kept_and_pin_the_images_from_then_on(
    shop_dev: ShopDev, described: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (described / "services" / "orders" / "service.yaml").write_text(ORDERS + "needs: {caches: [{name: orders}]}\n")
    shop_dev("compose")
    assert f"image: {VALKEY}\n" in (described / "compose.yaml").read_text()

    with registries() as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        said = shop_dev("compose", "--refresh-digests", "--json")

    assert said.document()["data"]["changed"] is True
    kept = json.loads((described / DIGESTS).read_text())
    assert kept == {str(image): digest_of(str(image)) for image in PINNED}
    assert f"image: {VALKEY}@{digest_of(str(VALKEY))}\n" in (described / "compose.yaml").read_text()

    monkeypatch.setenv("DOCKER_HOST", f"unix://{described}/no.sock")
    assert shop_dev("compose", "--check").status == 0  # pinned, and no daemon is asked


def test_an_image_that_a_registry_does_not_know_changes_nothing(
    shop_dev: ShopDev, described: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registries(unknown=[str(VALKEY)]) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        error = shop_dev("compose", "--refresh-digests", "--json").document()["error"]

    assert error["code"] == "image_missing"
    assert str(VALKEY) in error["message"]
    assert not (described / DIGESTS).exists()
    assert not (described / "compose.yaml").exists()
