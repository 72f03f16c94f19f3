"""The bare platform, real and once for all of these tests, and a way to provision one service's needs on it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fakes.provisioning import Bench
from shop_sandbox.client import start_or_attach
from shop_sandbox.events import SandboxReady
from shop_sandbox.paths import default_cache_root
from shop_sandbox.supervisor.settings import SupervisorSettings

_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Environment of a sandbox with every store and no service: a checkout without manifests."""
    root = tmp_path_factory.mktemp("platform")
    client = start_or_attach(
        SupervisorSettings(
            checkout=str(root),
            name="provisioning",
            cache_root=str(os.environ.get("SHOP_TEST_CACHE") or default_cache_root(dict(os.environ))),
            runtime_dir=str(root / "run"),
            service_globs=["services/*/service.yaml"],
            ports={},
            inherited={name: os.environ[name] for name in _INHERITED if name in os.environ},
        )
    )
    *_, last = client.up()
    assert isinstance(last, SandboxReady), last
    try:
        yield {**client.status().environment, "SHOP_CREDENTIALS": str(client.paths.credentials)}
    finally:
        for _ in client.down(purge=True):
            pass


@pytest.fixture
def bench(tmp_path: Path, platform: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Bench:
    return Bench(tmp_path, platform, monkeypatch, capfd)
