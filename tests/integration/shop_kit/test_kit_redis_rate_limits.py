"""Rate limits: one suite for the real Redis and for the stand-in that other tests trust."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio
from aiohttp.test_utils import unused_port
from fakes.bare_platform import bare_redis
from shop_kit.rate_limits import RateLimit, RateLimiter, RedisRateLimiter
from shop_kit.testing.rate_limits import InMemoryRateLimiter

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

SLOW = RateLimit(per_second=0.01, burst=10)
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["fake", "redis"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[RateLimiter]:
    if request.param == "fake":
        yield InMemoryRateLimiter(lambda: time.time() * 1000)
        return
    async with redis.asyncio.from_url(request.getfixturevalue("redis_url")) as client:
        yield RedisRateLimiter(client, prefix="test")


@pytest.fixture
def client() -> str:
    """A client that no other test knows."""
    return f"customer:{uuid.uuid4().hex}"


async def test_a_burst_passes_and_what_comes_after_it_is_told_how_long_to_wait(limiter: RateLimiter, client: str) -> None:
    verdicts = [await limiter.take(client, SLOW) for _ in range(11)]

    assert [verdict.is_allowed for verdict in verdicts] == [True] * 10 + [False]
    assert 90 < verdicts[-1].retry_after_seconds <= 100


async def test_of_many_who_push_at_once_no_more_pass_than_the_burst(limiter: RateLimiter, client: str) -> None:
    verdicts = await asyncio.gather(*(limiter.take(client, SLOW) for _ in range(60)))

    assert sum(verdict.is_allowed for verdict in verdicts) == 10


async def test_clients_do_not_wait_for_each_other(limiter: RateLimiter, client: str) -> None:
    for _ in range(11):
        await limiter.take(client, SLOW)

    assert (await limiter.take(f"{client}-other", SLOW)).is_allowed


async def test_who_was_refused_passes_again_in_time(limiter: RateLimiter, client: str) -> None:
    quick = RateLimit(per_second=20, burst=1)
    await limiter.take(client, quick)

    async with asyncio.timeout(10):
        while not (verdict := await limiter.take(client, quick)).is_allowed:  # noqa: ASYNC110 - the wait is what it was told
            await asyncio.sleep(verdict.retry_after_seconds)


async def test_what_is_remembered_of_a_client_goes_by_itself(redis_url: str, client: str) -> None:
    async with redis.asyncio.from_url(redis_url) as connection:
        await RedisRateLimiter(connection, prefix="test").take(client, RateLimit(per_second=10, burst=10))

        assert 0 < await connection.pttl(f"test:{client}") <= 1_200


async def test_without_redis_everybody_passes(client: str) -> None:
    async with redis.asyncio.from_url(f"redis://127.0.0.1:{unused_port()}/0", socket_connect_timeout=0.25) as gone:
        assert (await RedisRateLimiter(gone, prefix="test").take(client, SLOW)).is_allowed
