"""Rate limits: one suite for the real Redis and for the fake that other tests trust."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio
from aiohttp.test_utils import unused_port
from fakes.turnstile import FakeTurnstile
from shop_sandbox.client import start_or_attach
from shop_sandbox.events import SandboxReady
from shop_sandbox.paths import default_cache_root
from shop_sandbox.supervisor.settings import SupervisorSettings
from shop_services.edge.adapters.turnstile import RedisTurnstile
from shop_services.edge.application.ports import Turnstile
from shop_services.edge.domain.rate import RateLimit

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

SLOW = RateLimit(per_second=0.01, burst=10)
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("redis")
    client = start_or_attach(
        SupervisorSettings(
            checkout=str(root),
            name="edge",
            cache_root=str(default_cache_root(dict(os.environ))),
            runtime_dir=str(root / "run"),
            service_globs=["services/*/service.yaml"],
            ports={},
            inherited={name: os.environ[name] for name in INHERITED if name in os.environ},
        )
    )
    *_, last = client.up(("redis",))
    assert isinstance(last, SandboxReady), last
    yield client.status().environment["REDIS_URL"]
    for _ in client.down(purge=True):
        pass


@pytest.fixture(params=["fake", "redis"])
async def turnstile(request: pytest.FixtureRequest) -> AsyncIterator[Turnstile]:
    if request.param == "fake":
        yield FakeTurnstile(lambda: time.time() * 1000)
        return
    async with redis.asyncio.from_url(request.getfixturevalue("redis_url")) as client:
        yield RedisTurnstile(client)


@pytest.fixture
def client() -> str:
    """A client that no other test knows."""
    return f"customer:{uuid.uuid4().hex}"


async def test_a_burst_passes_and_what_comes_after_it_is_told_how_long_to_wait(turnstile: Turnstile, client: str) -> None:
    verdicts = [await turnstile.pass_through(client, SLOW) for _ in range(11)]

    assert [verdict.is_allowed for verdict in verdicts] == [True] * 10 + [False]
    assert 90 < verdicts[-1].retry_after_seconds <= 100


async def test_of_many_who_push_at_once_no_more_pass_than_the_burst(turnstile: Turnstile, client: str) -> None:
    verdicts = await asyncio.gather(*(turnstile.pass_through(client, SLOW) for _ in range(60)))

    assert sum(verdict.is_allowed for verdict in verdicts) == 10


async def test_clients_do_not_wait_for_each_other(turnstile: Turnstile, client: str) -> None:
    for _ in range(11):
        await turnstile.pass_through(client, SLOW)

    assert (await turnstile.pass_through(f"{client}-other", SLOW)).is_allowed


async def test_who_was_refused_passes_again_in_time(turnstile: Turnstile, client: str) -> None:
    quick = RateLimit(per_second=20, burst=1)
    await turnstile.pass_through(client, quick)

    async with asyncio.timeout(10):
        while not (verdict := await turnstile.pass_through(client, quick)).is_allowed:  # noqa: ASYNC110 - the wait is what it was told
            await asyncio.sleep(verdict.retry_after_seconds)


async def test_what_is_remembered_of_a_client_goes_by_itself(redis_url: str, client: str) -> None:
    async with redis.asyncio.from_url(redis_url) as connection:
        await RedisTurnstile(connection).pass_through(client, RateLimit(per_second=10, burst=10))

        assert 0 < await connection.pttl(f"edge:rate:{client}") <= 1_200


async def test_without_redis_everybody_passes(client: str) -> None:
    async with redis.asyncio.from_url(f"redis://127.0.0.1:{unused_port()}/0", socket_connect_timeout=0.25) as gone:
        assert (await RedisTurnstile(gone).pass_through(client, SLOW)).is_allowed
