"""What the kit makes of PostgreSQL's errors."""

from __future__ import annotations

import asyncpg
import pytest
from shop_kit.errors import Conflict, Unavailable
from shop_kit.postgres import in_kit_errors


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
