"""A project in a temporary folder, and a way to run a command in it as a user would."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fakes.command_line import Said, ShopDev
from fakes.sandbox_client import FakeSandboxClient
from shop_dev.program import run
from shop_sandbox.errors import ErrorCode, SandboxError

MANIFESTS = ("edge", "orders", "inventory", "payments")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project that is the working directory, with no SHOP_ variable set."""
    root = tmp_path / "shop"
    (root / "services").mkdir(parents=True)
    for name in MANIFESTS:
        (root / "services" / name).mkdir()
        (root / "services" / name / "service.yaml").write_text(f"schemaVersion: 1\nservice: {name}\n")
    (root / "pyproject.toml").write_text('[tool.shop-dev]\nservices = ["services/*/service.yaml"]\n')
    for variable in [name for name in os.environ if name.startswith("SHOP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def shop_dev(checkout: Path, capsys: pytest.CaptureFixture[str]) -> ShopDev:
    """Run `shop-dev WORDS...` in the project."""

    def call(*words: str) -> Said:
        status = run(list(words))
        captured = capsys.readouterr()
        return Said(int(status), captured.out, captured.err)

    return call


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> FakeSandboxClient:
    """A sandbox that runs."""
    client = FakeSandboxClient()
    monkeypatch.setattr("shop_dev.sandbox.connect", lambda project: client)
    monkeypatch.setattr("shop_dev.sandbox.start_or_attach", lambda project, *, reset: client)
    return client


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox runs."""

    def refuse(project: object) -> None:
        raise SandboxError(ErrorCode.NOT_RUNNING, "No sandbox named default runs in this checkout.", actions=("shop-dev up",))

    monkeypatch.setattr("shop_dev.sandbox.connect", refuse)
