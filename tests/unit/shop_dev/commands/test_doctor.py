"""`shop-dev doctor`, seen from the terminal: what a check found decides, not how it looks."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from shop_sandbox.doctor import Finding, Verdict

OK = Finding(check="java", verdict=Verdict.OK, message="Java 25")
WARNING = Finding(check="disk space", verdict=Verdict.WARNING, message="2 GiB free", fix="keep 3 GiB free")
MISSING = Finding(check="redis", verdict=Verdict.MISSING, message="none on PATH", fix="install Redis or Valkey")


@pytest.mark.parametrize(("findings", "status"), [((OK,), 0), ((OK, WARNING), 0), ((OK, WARNING, MISSING), 1)])
def test_only_what_keeps_the_sandbox_from_running_is_a_failure(
    findings: Sequence[Finding], status: int, shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop_sandbox.doctor.examine", lambda *_, **__: list(findings))

    assert shop_dev("doctor").status == status


def test_each_finding_has_a_line_and_its_fix_below(shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop_sandbox.doctor.examine", lambda *_, **__: [OK, MISSING])

    said = shop_dev("doctor")

    assert said.out.splitlines() == [
        "✓ java               Java 25",
        "✗ redis              none on PATH",
        "                     fix: install Redis or Valkey",
    ]
    assert said.err.startswith("error: The sandbox cannot run like this: redis. [machine_not_ready]\n")


def test_a_fixed_port_that_is_taken_is_warned_of_and_its_holder_named(
    shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHOP_CACHE_DIR", str(tmp_path / "cache"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("SHOP_KAFKA_PORT", str(taken.getsockname()[1]))
        found = {one["check"]: one for one in shop_dev("doctor", "--json").document()["data"]["findings"]}

    assert found["port of kafka"]["verdict"] == "warning"
    assert f"(pid {os.getpid()})" in found["port of kafka"]["message"]
    assert "SHOP_KAFKA_PORT" in found["port of kafka"]["fix"]


def test_a_fixed_port_that_is_free_is_well(shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_CACHE_DIR", str(tmp_path / "cache"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("SHOP_KAFKA_PORT", str(port))

    found = {one["check"]: one for one in shop_dev("doctor", "--json").document()["data"]["findings"]}

    assert found["port of kafka"]["verdict"] == "ok"
    assert found["downloads: kafka"]["verdict"] == "warning", "the cache of this test is empty"
