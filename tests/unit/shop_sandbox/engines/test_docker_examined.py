"""What `doctor` says of Docker, by what a daemon tells of itself."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import DockerException
from shop_sandbox.engines.docker import daemon, examination
from shop_sandbox.engines.findings import Finding, Verdict

FACTS = {
    "ServerVersion": "27.3.1",
    "OperatingSystem": "Docker Desktop",
    "Driver": "overlay2",
    "CgroupVersion": "2",
    "CgroupDriver": "cgroupfs",
    "MemoryLimit": True,
    "MemTotal": 8 << 30,
    "NCPU": 4,
    "Architecture": "x86_64",
}


class Daemon:
    """Tells facts, and what lies in it."""

    def __init__(self, facts: dict[str, object], left: str | None = None) -> None:
        labels = {"dev.shop-dev.checkout": left} if left is not None else {}
        one = SimpleNamespace(name="shop-dev-1-default-redis", labels=labels, attrs={"Labels": labels})
        listing = SimpleNamespace(list=lambda **_: [one] if left is not None else [])
        self.info = lambda: facts
        self.containers = self.networks = self.volumes = listing


def programs(place: Path, version: str) -> dict[str, str]:
    program = place / "docker"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return {"PATH": str(place)}


def found(client: Any, monkeypatch: pytest.MonkeyPatch, inherited: dict[str, str]) -> dict[str, Finding]:
    monkeypatch.setattr(daemon, "connect", lambda _: client)
    return {one.check: one for one in examination.examine(inherited, is_needed=True)}


def test_a_daemon_that_has_everything_is_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    findings = found(Daemon(FACTS), monkeypatch, programs(tmp_path, "v2.29.1"))

    assert {one.verdict for one in findings.values()} == {Verdict.OK}
    assert findings["docker limits"].message == "control groups v2 by cgroupfs"
    assert findings["docker compose"].message == "2.29.1"


@pytest.mark.parametrize(
    ("facts", "check", "told"),
    [
        ({"MemTotal": 2 << 30}, "docker memory", "2.0 GiB"),
        ({"CgroupVersion": "1", "MemoryLimit": False}, "docker limits", "control groups v1 by cgroupfs: memory of containers"),
    ],
)
def test_what_a_daemon_lacks_is_a_warning_with_what_to_do(
    facts: dict[str, object], check: str, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = found(Daemon({**FACTS, **facts}), monkeypatch, programs(tmp_path, "2.29.1"))[check]

    assert (one.verdict, one.fix is not None) == (Verdict.WARNING, True)
    assert told in one.message


def test_apple_silicon_is_noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")

    one = found(Daemon({**FACTS, "Architecture": "aarch64"}), monkeypatch, programs(tmp_path, "2.29.1"))["docker platform"]

    assert one.message.startswith("Apple silicon: images for linux/arm64")


def test_an_old_compose_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = found(Daemon(FACTS), monkeypatch, programs(tmp_path, "1.29.2"))["docker compose"]

    assert (one.verdict, one.message) == (Verdict.WARNING, "1.29.2 is older than 2.20, which compose.yaml needs")


def test_what_a_checkout_has_left_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = found(Daemon(FACTS, left=str(tmp_path / "gone")), monkeypatch, programs(tmp_path, "2.29.1"))
    there = found(Daemon(FACTS, left=str(tmp_path)), monkeypatch, programs(tmp_path, "2.29.1"))

    assert gone["docker left"].fix == "docker volume rm shop-dev-1-default-redis"
    assert "docker left" not in there


@pytest.mark.parametrize(("is_needed", "verdict"), [(True, Verdict.MISSING), (False, Verdict.OK)])
def test_no_daemon_is_a_fault_only_where_an_engine_needs_one(is_needed: bool, verdict: Verdict, tmp_path: Path) -> None:
    inherited = {"DOCKER_HOST": f"unix://{tmp_path}/no.sock", "PATH": os.environ["PATH"]}

    (one,) = examination.examine(inherited, is_needed=is_needed)

    assert (one.check, one.verdict) == ("docker", verdict)


def test_a_socket_that_lets_nobody_in_is_told_with_how_to_get_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    socket = tmp_path / "docker.sock"
    socket.touch()

    def refuse(**_: object) -> None:
        raise DockerException("Error while fetching server API version: PermissionError(13, 'Permission denied')")

    monkeypatch.setattr("docker.DockerClient", refuse)

    (one,) = examination.examine({"DOCKER_HOST": f"unix://{socket}"}, is_needed=True)

    assert "does not let you in" in one.message
    assert "usermod -aG docker" in str(one.fix)
