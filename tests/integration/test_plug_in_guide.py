"""The guide to plugging in a service, done as it is written: its files, its service, its claims."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from shop_dev.project import declared_in
from shop_dev.settings import read_settings
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.credentials import credentials_of
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import AnyEvent, SandboxFailed, SandboxReady
from shop_sandbox.paths import default_cache_root
from shop_sandbox.supervisor.settings import SupervisorSettings

pytestmark = pytest.mark.integration

GUIDE = Path(__file__).parents[2] / "docs/guides/plug-in-your-service.md"
FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the files that the guide shows."""
    for name, content in FILE.findall(GUIDE.read_text(encoding="utf-8")):
        file = tmp_path / "repository" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return tmp_path / "repository"


def settings(checkout: Path) -> SupervisorSettings:
    """What `shop-dev` makes of the settings that the guide shows."""
    found = declared_in(checkout)
    assert found is not None
    table, _ = found
    decided = read_settings(flags={}, environ={}, table=table, endpoints=lambda globs: ())
    return SupervisorSettings(
        checkout=str(checkout),
        name="guide",
        cache_root=str(os.environ.get("SHOP_TEST_CACHE") or default_cache_root(dict(os.environ))),
        runtime_dir=str(checkout.parent / "run"),
        service_globs=list(decided.services),
        ports={},
        inherited={name: os.environ[name] for name in INHERITED if name in os.environ},
    )


@pytest.fixture
def sandbox(checkout: Path) -> Iterator[SandboxClient]:
    client = start_or_attach(settings(checkout))
    yield client
    try:
        for _ in client.down(purge=True):
            pass
    except SandboxError as error:
        assert error.code is ErrorCode.NOT_RUNNING


def last(events: Iterator[AnyEvent]) -> AnyEvent:
    *_, event = events
    return event


def log(checkout: Path, resource: str) -> str:
    return (checkout / ".shop-dev/guide/logs" / f"{resource}.log").read_text(encoding="utf-8")


def test_the_service_of_the_guide_runs_and_finds_what_it_needs(sandbox: SandboxClient, checkout: Path) -> None:
    ready = last(sandbox.up(("greeter",)))

    assert isinstance(ready, SandboxReady), ready
    assert "redis" not in ready.endpoints
    told = httpx.get(f"{ready.endpoints['greeter']}/Ada").json()
    assert told["greeting"] == "Good morning, Ada!"
    password = credentials_of(sandbox.paths).password("postgres/greeter")
    assert told["found"] == {
        "KAFKA_BOOTSTRAP_SERVERS": ready.endpoints["kafka"],
        "SCHEMA_REGISTRY_URL": ready.endpoints["schema-registry"],
        "AWS_ENDPOINT_URL": ready.endpoints["aws"],
        "SHOP_QUEUE_GREETER_LETTERS": "greeter-letters",
        "DATABASE_URL": f"postgresql://greeter:{password}@{ready.endpoints['postgres']}/greeter",
    }
    made = [log(checkout, f"provision-{what}") for what in ("topics", "schemas", "aws", "databases")]
    assert [len(re.findall('"outcome": "made"', text)) for text in made] == [1, 1, 2, 1]


def test_a_broken_manifest_stops_the_start_with_every_fault(checkout: Path) -> None:
    file = checkout / "services/greeter/service.yaml"
    file.write_text(file.read_text().replace("owner:", "ownr:").replace("greeter.v1.Greeting", "9"), encoding="utf-8")

    code, message, detail = failure_of_start(checkout)

    assert code == ErrorCode.MANIFEST_INVALID
    assert [line.strip().partition(" ")[0] for line in message.splitlines()[1:]] == [
        "services/greeter/service.yaml:1:1:",
        "services/greeter/service.yaml:4:1:",
        "services/greeter/service.yaml:16:9:",
    ]
    assert len(detail["faults"]) == 3  # type: ignore[arg-type]  # a list, as the message shows


def test_a_migration_that_fails_stops_the_start_with_its_line(checkout: Path) -> None:
    file = checkout / "services/greeter/migrations/0001_greeted.sql"
    file.write_text("CREATE TABLE greeted (\n  name txt\n);\n", encoding="utf-8")

    code, message, detail = failure_of_start(checkout)

    assert code == ErrorCode.PROVISION_FAILED
    assert "provision-databases" in message
    assert any('0001_greeted.sql: line 2: type "txt" does not exist' in line for line in detail["lastLines"])  # type: ignore[attr-defined]


def failure_of_start(checkout: Path) -> tuple[str, str, dict[str, object]]:
    """How the start failed, whichever way the client learns of it; what runs all the same is stopped."""
    try:
        client = start_or_attach(settings(checkout))
        failed = last(client.up(("greeter",)))
    except SandboxError as error:
        return error.code, error.message, error.detail
    with contextlib.suppress(SandboxError):  # a start that could not even begin has ended by itself
        last(client.down(purge=True))
    assert isinstance(failed, SandboxFailed), failed
    return failed.code, failed.message, failed.detail
