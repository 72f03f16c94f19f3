"""The bare platform, real and once for all of these tests, and a way to provision one service's needs on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest
from fakes.asked_stores import external_if_asked
from fakes.bare_platform import bare_settings
from fakes.provisioning import Bench
from shop_sandbox.lease import leased

_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Environment of a sandbox with every store and no service: a checkout without manifests."""
    settings = bare_settings(tmp_path_factory.mktemp("platform"), _INHERITED)
    with (
        external_if_asked(("kafka", "postgres", "redis", "aws")) as external,
        leased(msgspec.structs.replace(settings, external=external)) as sandbox,
    ):
        yield {**sandbox.client.status().environment, "SHOP_CREDENTIALS": str(sandbox.client.paths.credentials)}


@pytest.fixture
def bench(tmp_path: Path, platform: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Bench:
    return Bench(tmp_path, platform, monkeypatch, capfd)
