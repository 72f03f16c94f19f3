"""Redis: connections, and the server's trouble told in the kit's errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import redis.asyncio
import redis.exceptions

from shop_kit.errors import Unavailable
from shop_kit.tracing import waiting_for

SUBJECT = "redis"
AWAY = (
    OSError,
    TimeoutError,
    redis.exceptions.ConnectionError,  # also: it loads its data, or has enough clients
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,  # a replica, in the middle of a failover
    redis.exceptions.OutOfMemoryError,
)
"""What says that the server cannot work now: it passes, and no command of ours is at fault."""


CONNECTIONS = 32
"""What comes on top waits for one of them. The client's own default refuses it, as if the server were away."""


@asynccontextmanager
async def connect(url: str, *, name: str, answer_seconds: float) -> AsyncIterator[redis.asyncio.Redis]:
    """Give connections under a client's name, on which every answer comes within `answer_seconds`. Nothing is asked yet."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=answer_seconds,
        socket_timeout=answer_seconds,
        socket_connect_timeout=answer_seconds,
        client_name=name,
    )
    client = Timed.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()


class Timed(redis.asyncio.Redis):
    """A client whose commands count as waiting in the current span."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        with waiting_for(SUBJECT):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


async def check(client: redis.asyncio.Redis) -> None:
    """Return when the server answers. Raises Unavailable."""
    with in_kit_errors():
        await client.ping()


@contextmanager
def in_kit_errors() -> Iterator[None]:
    """Tell what the client raises in the block as Unavailable, where the server is away."""
    try:
        yield
    except AWAY as error:
        raise Unavailable(SUBJECT, str(error) or type(error).__name__) from error
