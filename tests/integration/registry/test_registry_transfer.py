"""Schemas moved between two registries on a real broker, while one or the other side is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.kafka_broker import Broker, free_port
from fakes.registry_process import RegistryProcess

pytestmark = pytest.mark.integration

VERSIONS = 30


@pytest.fixture
def open_another(broker: Broker, tmp_path: Path) -> Iterator[Callable[[], RegistryProcess]]:
    """Make registries that have nothing in common but the broker."""
    opened: list[RegistryProcess] = []

    def make() -> RegistryProcess:
        topic = f"_schemas_{uuid.uuid4().hex[:8]}"
        opened.append(RegistryProcess(tmp_path / f"{topic}.log", kafka=broker.address, port=free_port(), topic=topic))
        opened[-1].start()
        return opened[-1]

    yield make
    for registry in opened:
        registry.kill()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "shop-dev.toml").write_text("")
    return folder


def importing(source: RegistryProcess, target: RegistryProcess, checkout: Path) -> subprocess.Popen[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    words = ["registry", "import", source.url, "--to", target.url, "--json"]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "shop_dev", *words],
        cwd=checkout,
        env=environment | {"XDG_STATE_HOME": str(checkout / "state")},
        stdout=subprocess.PIPE,
        text=True,
    )


def fill(registry: RegistryProcess) -> None:
    """Each schema refers to the one before, so that they can come only one after another."""
    before: list[dict[str, Any]] = []
    for number in range(VERSIONS):
        imported = f'import "{before[0]["name"]}"; ' if before else ""
        status, _ = registry.register(f"s{number}", f'syntax = "proto3"; {imported}message M{number} {{}}', references=before)
        assert status == 200
        before = [{"name": f"s{number}.proto", "subject": f"s{number}", "version": 1}]
    registry.call("PUT", "/config/s3", {"compatibility": "FULL"})
    registry.call("PUT", "/mode/s4", {"mode": "READONLY"})
    registry.call("DELETE", f"/subjects/s{VERSIONS - 1}")


def everything(registry: RegistryProcess) -> dict[str, Any]:
    paths = [f"/{kind}/s{number}" for kind in ("config", "mode") for number in range(VERSIONS)]
    return {path: registry.call("GET", path) for path in ("/schemas?deleted=true", "/schemas", *paths)}


@pytest.mark.parametrize("killed", ["import", "target"])
def test_an_import_that_is_killed_in_the_middle_goes_on_where_it_stopped(
    open_another: Callable[[], RegistryProcess], checkout: Path, killed: str
) -> None:
    source, target = open_another(), open_another()
    fill(source)
    first = importing(source, target, checkout)
    while len(target.call("GET", "/subjects")[1] or ()) < 5:
        assert first.poll() is None, "it ended before it could be killed"
    if killed == "import":
        first.kill()
    else:
        target.kill()
    first.communicate()
    if killed == "target":
        target.start()
    there = len(target.call("GET", "/schemas")[1])

    again = importing(source, target, checkout)
    said = json.loads(again.communicate()[0])

    assert again.returncode == 0, said
    assert 5 <= there < VERSIONS
    assert (said["data"]["present"], said["data"]["registered"]) == (there, VERSIONS - there)
    assert everything(target) == everything(source)
