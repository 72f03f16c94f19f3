"""PostgreSQL through asyncpg: a pool, transactions, and connection trouble told as Unavailable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from shop_kit.errors import Unavailable
from shop_kit.resilience.retry import Retry

if TYPE_CHECKING:
    from asyncpg import Pool
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]

TROUBLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver says when the server was killed between two of its own steps
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
"""What passes by itself when the same is tried again."""


@asynccontextmanager
async def connect(dsn: str, *, size: int = 8, command_seconds: float = 10.0) -> AsyncIterator[Pool[asyncpg.Record]]:
    """Give a pool of at most `size` connections, one of them proven to work; waits for the server with back-off."""

    async def open_pool() -> Pool[asyncpg.Record]:
        try:
            return await asyncpg.create_pool(
                dsn, min_size=1, max_size=size, command_timeout=command_seconds, timeout=5, reset=_leave_as_it_is
            )
        except TROUBLE as error:
            raise Unavailable("postgresql", str(error) or type(error).__name__) from error

    pool = await Retry.patient().run(open_pool)
    try:
        yield pool
    finally:
        await pool.close()


async def _leave_as_it_is(_connection: Connection) -> None:
    """Skip the driver's reset, a round trip after each use: transactions here leave no settings, cursors or locks behind."""


@asynccontextmanager
async def transaction(pool: Pool[asyncpg.Record]) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
    """One transaction: committed at the end of the block, rolled back when it raises. Connection trouble raises Unavailable."""
    try:
        async with pool.acquire(timeout=5) as connection, connection.transaction():
            yield connection
    except TROUBLE as error:
        raise Unavailable("postgresql", str(error) or type(error).__name__) from error


@asynccontextmanager
async def connection(pool: Pool[asyncpg.Record]) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
    """Give a connection for a single statement, which is a transaction by itself. Connection trouble raises Unavailable."""
    try:
        async with pool.acquire(timeout=5) as acquired:
            yield acquired
    except TROUBLE as error:
        raise Unavailable("postgresql", str(error) or type(error).__name__) from error


async def check(pool: Pool[asyncpg.Record]) -> None:
    """Return when the server answers. Raises Unavailable."""
    try:
        await pool.fetchval("SELECT 1", timeout=1.5)
    except TROUBLE as error:
        raise Unavailable("postgresql", str(error) or type(error).__name__) from error
