"""The inbox in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

REMEMBER_DAYS = 14
"""Twice the retention of the topics (7 days): what is older cannot be delivered again."""


async def take(connection: Connection, message_id: str) -> bool:
    """Return True the first time a message is seen, and then remembered with the caller's transaction; False ever after.

    A twin in another transaction waits here until this one has ended.
    """
    written = await connection.execute("INSERT INTO inbox (message_id) VALUES ($1) ON CONFLICT DO NOTHING", message_id)
    return written == "INSERT 0 1"


async def forget_old(connection: Connection) -> None:
    """Remove what cannot come again."""
    await connection.execute("DELETE FROM inbox WHERE taken_at < now() - make_interval(days => $1)", REMEMBER_DAYS)
