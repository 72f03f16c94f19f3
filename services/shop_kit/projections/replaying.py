"""Asking for read models to be built anew, from outside of the service that keeps them.

The service finds the wish in its own database within seconds, builds another generation beside the live one, and puts it in its
place when that has caught up. Until then the live one answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from shop_kit.postgres import in_kit_errors

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Replayed:
    """A read model that was built anew: which building of it is live now, and how long it took."""

    name: str
    generation: int
    seconds: float


async def replay(database_url: str, *, seconds: float) -> Sequence[Replayed]:
    """Have all read models in a database built anew, and return when each is live; nothing when there are none.

    Raises TimeoutError when that takes longer than `seconds`, Unavailable when the database is away.
    """
    async with asyncio.timeout(seconds):
        with in_kit_errors():
            connection = await asyncpg.connect(database_url)
            try:
                has_any = await connection.fetchval("SELECT to_regclass('projections') IS NOT NULL")
                return await _replay(connection) if has_any else []
            finally:
                await connection.close()


async def _replay(connection: Connection) -> Sequence[Replayed]:
    rows = await connection.fetch("UPDATE projections SET replay_at = now() WHERE state = 'live' RETURNING name, generation")
    before = {row["name"]: row["generation"] for row in rows}
    while before:
        after = await _live(connection)
        if all(after.get(name, generation) > generation for name, generation in before.items()):
            break
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return [await _replayed(connection, name) for name in sorted(before)]


async def _live(connection: Connection) -> Mapping[str, int]:
    rows = await connection.fetch("SELECT name, max(generation) AS generation FROM projections WHERE state = 'live' GROUP BY name")
    return {row["name"]: row["generation"] for row in rows}


async def _replayed(connection: Connection, name: str) -> Replayed:
    row = await connection.fetchrow(
        "SELECT generation, extract(epoch FROM live_at - began_at)::double precision AS seconds FROM projections"
        " WHERE name = $1 AND state = 'live' ORDER BY generation DESC LIMIT 1",
        name,
    )
    return Replayed(name, row["generation"], row["seconds"]) if row else Replayed(name, 0, 0.0)
