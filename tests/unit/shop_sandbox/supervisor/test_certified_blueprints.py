"""With `mtls` each service has a certificate of the sandbox's authority, wherever its stores run."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_sandbox.certificates import Certified
from shop_sandbox.resources.certified import CERTIFICATE, Secured
from shop_sandbox.supervisor.blueprint import by_engine
from shop_sandbox.supervisor.settings import SupervisorSettings

MANIFEST = """
schemaVersion: 1
service: till
summary: Sells
owner: nobody
runtime: {command: ["true"], health: {kind: none}}
needs:
  caches: [{name: till}]
  databases: [{name: till}]
"""


@pytest.mark.parametrize("engine", ["embedded", "mixed"])
def test_services_are_certified_and_stores_are_not(engine: str, tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(MANIFEST, encoding="utf-8")
    settings = SupervisorSettings(
        checkout=str(tmp_path),
        name="test",
        cache_root=str(tmp_path / "cache"),
        runtime_dir=str(tmp_path / "run"),
        service_globs=["service.yaml"],
        inherited={},
        start_timeout_seconds=30,
        mtls=True,
        engine=engine,
    )

    resources = by_engine(settings).resources

    assert [name for name, one in resources.items() if CERTIFICATE in one.environment] == ["till"]
    assert {"postgres", "redis"} <= {*resources}
    own = Certified.named(settings.paths.certificates, "till")
    assert dict(own.variables()).items() <= dict(resources["till"].environment).items()
    assert own.certificate.exists()
    assert "till" in Secured(resources)
    assert "postgres" not in Secured(resources)
