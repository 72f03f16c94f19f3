"""The inbox in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_kit.inbox import REMEMBER_DAYS

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

TAKEN_TWICE = "inbox_pkey"
"""The constraint that a second taking violates: the whole statement then has no effect."""


def taking(*, parameter: int, provided: str) -> str:
    """Return SQL that remembers the message whose identity is `$parameter`, as a part of the statement that has its effect.

    It is remembered when the part called `provided` has given its row and the parameter is not null. A message that is remembered
    already violates `TAKEN_TWICE`; a twin in another transaction waits here until this one has ended.
    """
    given = f"${parameter}::text"
    return f"INSERT INTO inbox (message_id) SELECT {given} FROM {provided} WHERE {given} IS NOT NULL"  # noqa: S608  # nosec B608 # only a number and the name of a part


def is_taken(*, parameter: int) -> str:
    """Return an SQL expression: whether the message whose identity is `$parameter` had its effect before."""
    return f"EXISTS (SELECT FROM inbox WHERE message_id = ${parameter}::text)"  # nosec B608 # only a number


async def forget_old(connection: Connection) -> None:
    """Remove what cannot come again."""
    await connection.execute("DELETE FROM inbox WHERE taken_at < now() - make_interval(days => $1)", REMEMBER_DAYS)
