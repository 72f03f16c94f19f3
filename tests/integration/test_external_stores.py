"""Stores that run already: proved and used, and left alone by whatever becomes of the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.sandbox_home import Home, eventually
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.credentials import credentials_of
from shop_sandbox.ending import remove
from shop_sandbox.events import ResourceState, SandboxFailed, SandboxReady
from shop_sandbox.health import redis as redis_health
from shop_sandbox.supervisor.protocol import SandboxState

pytestmark = pytest.mark.integration


@pytest.fixture
def others(home: Home) -> SandboxClient:
    """Stores that run already: those of another sandbox of this machine."""
    home.settings = home.with_(blueprint="shop_sandbox.supervisor.blueprint:by_engine", start_timeout_seconds=120)
    client = start_or_attach(home.settings)
    last = list(client.up(("redis", "postgres", "kafka", "aws")))[-1]
    assert isinstance(last, SandboxReady), last
    return client


def test_what_runs_already_is_proved_used_and_left_alone(home: Home, others: SandboxClient, tmp_path: Path) -> None:
    theirs = others.status().environment
    port, password = others.status().ports["redis"], credentials_of(home.paths).password("redis")
    redis_health.write_stamp(port, password, "theirs")
    postgres = theirs["DATABASE_URL"]
    key = f"{theirs['AWS_ACCESS_KEY_ID']}:x@"
    aws = theirs["AWS_ENDPOINT_URL"].replace("http://", f"http://{key}")
    external = {"redis": theirs["REDIS_URL"], "postgres": postgres, "kafka": theirs["KAFKA_BOOTSTRAP_SERVERS"], "aws": aws}
    mine = home.with_(name="mine", external=external)
    client = start_or_attach(mine)

    last = list(client.up(("redis", "postgres", "kafka", "aws")))[-1]

    assert isinstance(last, SandboxReady), last
    found = {one.name: one for one in client.status().resources if one.is_wanted}
    assert {name: found[name].engine for name in external} == dict.fromkeys(external, "external")
    environment = client.status().environment
    assert [environment[name] for name in ("REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL")] == [
        theirs[name] for name in ("REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL")
    ]
    list(client.restart("redis"))
    list(client.down(purge=True))
    list(remove(mine.paths))
    assert others.status().state is SandboxState.READY
    assert redis_health.read_stamp(port, password) == "theirs"


def test_what_goes_away_is_noticed_and_is_back_when_it_is(home: Home) -> None:
    home.settings = home.with_(blueprint="shop_sandbox.supervisor.blueprint:by_engine", start_timeout_seconds=60)
    others = start_or_attach(home.settings)
    assert isinstance(list(others.up(("redis",)))[-1], SandboxReady)
    mine = home.with_(name="mine", external={"redis": others.status().environment["REDIS_URL"]})
    client = start_or_attach(mine)
    assert isinstance(list(client.up(("redis",)))[-1], SandboxReady)

    def state() -> ResourceState:
        return next(one.state for one in client.status().resources if one.name == "redis")

    list(others.stop("redis"))
    eventually(lambda: state() is ResourceState.STARTING, "it is away")
    list(others.up(("redis",)))
    eventually(lambda: state() is ResourceState.READY, "it is back")
    list(client.down(purge=True))


def test_what_is_nowhere_is_named_with_why(home: Home) -> None:
    home.settings = home.with_(
        blueprint="shop_sandbox.supervisor.blueprint:by_engine", external={"redis": "redis://127.0.0.1:1"}, start_timeout_seconds=2
    )

    last = list(start_or_attach(home.settings).up(("redis",)))[-1]

    assert isinstance(last, SandboxFailed)
    assert "Redis does not answer on port 1: " in last.message
