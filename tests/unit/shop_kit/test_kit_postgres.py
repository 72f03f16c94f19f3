"""What the kit makes of PostgreSQL's errors."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from fakes.virtual_time import in_virtual_time
from shop_kit.errors import Conflict, Unavailable
from shop_kit.postgres import connection, in_kit_errors


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionResetError("by peer"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_cannot_work_now_is_unavailable(error: Exception) -> None:
    with pytest.raises(Unavailable, match="postgresql"), in_kit_errors():
        raise error


@pytest.mark.parametrize("kind", [asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError])
def test_another_transaction_in_the_way_is_a_conflict(kind: type[Exception]) -> None:
    with pytest.raises(Conflict), in_kit_errors():
        raise kind("in the way")


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("there"),
        asyncpg.UndefinedTableError("no table"),
        asyncpg.exceptions.ClientConfigurationError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_does_not_pass_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), in_kit_errors():
        raise error


def test_who_waits_too_long_for_a_connection_hears_that_the_server_is_away_and_the_next_one_gets_it() -> None:
    places = asyncio.Semaphore(1)

    class Pool:
        async def acquire(self) -> str:
            await places.acquire()
            return "connection"

        async def release(self, _connection: str) -> None:
            places.release()

    pool: Any = Pool()

    async def story() -> None:
        async with connection(pool):
            with pytest.raises(Unavailable, match="postgresql"):
                async with connection(pool):
                    pytest.fail("there is one connection only")
        async with connection(pool) as again:
            assert str(again) == "connection"

    in_virtual_time(story())
