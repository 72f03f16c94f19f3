"""A Redis that takes connections and never answers holds up a few requests a little, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from shop_kit.metrics import Metrics
from shop_kit.rate_limits import RateLimit, RedisRateLimiter

pytestmark = pytest.mark.anyio
LIMIT = RateLimit(per_second=1, burst=1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Mute:
    """A server that counts who calls it and says nothing."""

    def __init__(self) -> None:
        self.calls = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        await reader.read()
        writer.close()


@pytest.fixture
async def mute() -> AsyncIterator[tuple[Mute, str]]:
    mute = Mute()
    server = await asyncio.start_server(mute.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield mute, f"redis://127.0.0.1:{port}/0"
    server.close()


async def test_everybody_passes_and_soon_redis_is_not_even_asked(mute: tuple[Mute, str]) -> None:
    server, url = mute
    metrics = Metrics()
    async with RedisRateLimiter.connect(url, prefix="test", metrics=metrics) as limiter:
        verdicts = [await limiter.take("ann", LIMIT) for _ in range(40)]

    assert all(verdict.is_allowed for verdict in verdicts)
    assert server.calls < 20
    assert "shop_rate_limits_uncounted_total 40" in metrics.render()
