"""PostgreSQL through asyncpg: a pool, transactions, and the server's trouble told in the kit's errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from shop_kit.errors import Conflict, Unavailable
from shop_kit.resilience.retry import Retry
from shop_kit.tracing import waiting_for

if TYPE_CHECKING:
    from asyncpg import Pool
    from asyncpg.pool import PoolConnectionProxy

    Driver = asyncpg.Connection[asyncpg.Record]
    Connection = PoolConnectionProxy[asyncpg.Record] | Driver
else:
    Driver = asyncpg.Connection  # which takes no parameter when it runs

SUBJECT = "postgresql"
WAIT_FOR_CONNECTION_SECONDS = 5.0
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver says when the server was killed between two of its own steps
    asyncpg.OperatorInterventionError,  # shut down, starting up, or a statement cancelled from outside or by a time-out
    asyncpg.InsufficientResourcesError,  # no disk, no memory, no connection left
    asyncpg.PostgresSystemError,  # the server's own input and output fails
    asyncpg.ReadOnlySQLTransactionError,  # a replica, in the middle of a failover
    asyncpg.InvalidAuthorizationSpecificationError,  # a password that was rotated
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""What says that the server cannot work now: it passes, and no statement of ours is at fault.

https://www.postgresql.org/docs/18/errcodes-appendix.html, classes 08, 28, 53, 57 and 58."""

CONTENDED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
"""What says that another transaction was in the way."""


@contextmanager
def in_kit_errors() -> Iterator[None]:
    """Tell what asyncpg raises in the block as Unavailable or Conflict, where it is one of them."""
    try:
        yield
    except CONTENDED as error:
        raise Conflict(SUBJECT, str(error)) from error
    except AWAY as error:
        if isinstance(error, ValueError):
            raise  # an InterfaceError as well: a value that does not fit its parameter, which is our fault and does not pass
        raise Unavailable(SUBJECT, str(error) or type(error).__name__) from error


@asynccontextmanager
async def connect(
    dsn: str, *, size: int = 8, command_seconds: float = 10.0, close_seconds: Callable[[], float] = lambda: 5.0
) -> AsyncIterator[Pool[asyncpg.Record]]:
    """Give a pool of at most `size` connections, one of them proven to work; waits for the server with back-off.

    `close_seconds` is asked at the end how long statements under way may take.
    """

    async def open_pool() -> Pool[asyncpg.Record]:
        with in_kit_errors():
            return await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=size,
                command_timeout=command_seconds,
                timeout=5,
                reset=_leave_as_it_is,
                connection_class=Timed,
            )

    pool = await Retry.patient().run(open_pool)
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(close_seconds()):
                await pool.close()
        except TimeoutError:
            pool.terminate()


class Timed(Driver):
    """A connection whose statements count as waiting in the current span."""

    async def execute(self, *args: Any, **options: Any) -> Any:
        with waiting_for(SUBJECT):
            return await super().execute(*args, **options)

    async def executemany(self, *args: Any, **options: Any) -> Any:
        with waiting_for(SUBJECT):
            return await super().executemany(*args, **options)

    async def fetch(self, *args: Any, **options: Any) -> Any:
        with waiting_for(SUBJECT):
            return await super().fetch(*args, **options)

    async def fetchrow(self, *args: Any, **options: Any) -> Any:
        with waiting_for(SUBJECT):
            return await super().fetchrow(*args, **options)

    async def fetchval(self, *args: Any, **options: Any) -> Any:
        with waiting_for(SUBJECT):
            return await super().fetchval(*args, **options)


async def _leave_as_it_is(_connection: Connection) -> None:
    """Skip the driver's reset, a round trip after each use: transactions here leave no settings, cursors or locks behind."""


@asynccontextmanager
async def transaction(pool: Pool[asyncpg.Record]) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
    """One transaction: committed at the end of the block, rolled back when it raises. Raises Unavailable, Conflict."""
    with in_kit_errors():
        async with pool.acquire(timeout=WAIT_FOR_CONNECTION_SECONDS) as connection, connection.transaction():
            yield connection


@asynccontextmanager
async def connection(pool: Pool[asyncpg.Record]) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
    """Give a connection for a single statement, which is a transaction by itself. Raises Unavailable, Conflict."""
    with in_kit_errors():
        # The pool's own time-out costs several times as much, and so does asking it for an idle connection first.
        async with asyncio.timeout(WAIT_FOR_CONNECTION_SECONDS):
            acquired = await pool.acquire()
        try:
            yield acquired
        finally:
            await pool.release(acquired)


async def check(pool: Pool[asyncpg.Record]) -> None:
    """Return when the server answers. Raises Unavailable."""
    with in_kit_errors():
        await pool.fetchval("SELECT 1", timeout=1.5)
