"""The generations of a projection: begun beside the live one, put in its place, and removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import asyncpg

from shop_kit.errors import Unavailable
from shop_kit.postgres import connection, transaction
from shop_kit.projections.projection import Projection

if TYPE_CHECKING:
    from asyncpg import Pool

    from shop_kit.postgres import Connection

KEEP_OLDER_FORMS_SECONDS = 3600.0
"""How long an older form stays after a newer one is live: instances of the older program may still read it."""

# What a generation knows besides its own tables: how far it has read, what took effect of each key, what is held, what is
# unreadable.
OWN_TABLES = """
CREATE TABLE _offsets (topic text, partition integer, next_offset bigint NOT NULL, PRIMARY KEY (topic, partition));
CREATE TABLE _keys (
    source text, topic text, key text, last_sequence bigint NOT NULL, stuck_because text, PRIMARY KEY (source, topic, key)
);
CREATE TABLE _held (
    source text, topic text, key text, sequence bigint, partition integer NOT NULL, "offset" bigint NOT NULL,
    value bytea, headers text NOT NULL, PRIMARY KEY (source, topic, key, sequence)
);
CREATE TABLE _unreadable (
    topic text, partition integer, "offset" bigint, reason text NOT NULL, PRIMARY KEY (topic, partition, "offset")
);
"""


ANSWER_REPLAY = "UPDATE projections SET replay_at = NULL WHERE name = $1 AND form = $2 AND replay_at IS NOT NULL"


class StillBuilding(Unavailable):
    """The read model is being built for the first time, or anew in another form: it would show only a part."""

    def __init__(self, projection: Projection) -> None:
        super().__init__(f"read model {projection.name}", f"form {projection.form} is still being built")


class State(StrEnum):
    """Where a generation is in its life."""

    BUILDING = "building"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Generation:
    """One building of a projection."""

    name: str
    number: int
    state: State

    @property
    def schema(self) -> str:
        """Where its tables are."""
        return f"{self.name}_g{self.number}"


class Generations:
    """All generations of one projection in its service's database."""

    def __init__(self, pool: Pool[asyncpg.Record], projection: Projection) -> None:
        self._pool = pool
        self._projection = projection

    async def current(self) -> Sequence[Generation]:
        """Return those of this form that are built or live."""
        async with connection(self._pool) as reader:
            rows = await reader.fetch(
                "SELECT generation, state FROM projections"
                " WHERE name = $1 AND form = $2 AND state <> 'retired' ORDER BY generation",
                self._projection.name,
                self._projection.form,
            )
        return [Generation(self._projection.name, row["generation"], State(row["state"])) for row in rows]

    async def begin(self, *, unless_there: bool = False, if_asked: bool = False) -> None:
        """Begin a new generation with empty tables; `unless_there` only when there is none of this form, `if_asked` only when
        somebody asked for it (`shop_kit.projections.replaying`).
        """
        name, form = self._projection.name, self._projection.form
        async with transaction(self._pool) as writer:
            await writer.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"projection {name}")
            known = await writer.fetchrow(
                "SELECT coalesce(max(generation), 0) AS last, count(*) FILTER (WHERE form = $2 AND state <> 'retired') AS here"
                " FROM projections WHERE name = $1",
                name,
                form,
            )
            if known is None or (unless_there and known["here"]):
                return
            if if_asked and await writer.execute(ANSWER_REPLAY, name, form) == "UPDATE 0":
                return
            begun = Generation(name, known["last"] + 1, State.BUILDING)
            await writer.execute(
                "INSERT INTO projections (name, generation, form, state) VALUES ($1, $2, $3, 'building')", name, begun.number, form
            )
            await writer.execute(f"CREATE SCHEMA {begun.schema}")
            await see(writer, begun)
            await writer.execute(OWN_TABLES)
            await writer.execute(self._projection.tables)

    async def note_current(self, generation: Generation, at: datetime) -> None:
        """Note that everything which the topics held then is in this generation."""
        async with connection(self._pool) as writer:
            await writer.execute(
                "UPDATE projections SET current_at = $3 WHERE name = $1 AND generation = $2", generation.name, generation.number, at
            )

    async def put_live(self, generation: Generation) -> None:
        """Let readers see this generation in the place of the one before."""
        async with transaction(self._pool) as writer:
            await writer.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"projection {generation.name}")
            await writer.execute(
                "UPDATE projections SET state = 'retired' WHERE name = $1 AND form = $2 AND state <> 'retired' AND generation < $3",
                generation.name,
                self._projection.form,
                generation.number,
            )
            await writer.execute(
                "UPDATE projections SET state = 'live', live_at = now() WHERE name = $1 AND generation = $2 AND state = 'building'",
                generation.name,
                generation.number,
            )

    async def remove_old(self) -> None:
        """Remove what nobody reads any more: retired generations, and older forms an hour after a newer one became live."""
        name = self._projection.name
        async with transaction(self._pool) as writer:
            await writer.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"projection {name}")
            rows = await writer.fetch(
                "DELETE FROM projections old WHERE name = $1 AND (state = 'retired' OR EXISTS ("
                " SELECT FROM projections newer WHERE newer.name = $1 AND newer.form > old.form"
                " AND newer.live_at < now() - make_interval(secs => $2))) RETURNING generation",
                name,
                KEEP_OLDER_FORMS_SECONDS,
            )
            for row in rows:
                await writer.execute(f"DROP SCHEMA IF EXISTS {Generation(name, row['generation'], State.RETIRED).schema} CASCADE")


async def see(connection: Connection, generation: Generation) -> None:
    """Let the rest of the transaction find the generation's tables by their bare names."""
    await connection.execute(f"SET LOCAL search_path TO {generation.schema}, public")


class ReadModel:
    """Reads what is live of a projection."""

    def __init__(self, pool: Pool[asyncpg.Record], projection: Projection) -> None:
        self._pool = pool
        self._projection = projection
        self._generations = Generations(pool, projection)
        self._live: Generation | None = None

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Return the rows of a query that names its tables as `{schema}.table`. Raises StillBuilding."""
        live = self._live or await self._find_live()
        try:
            return await self._fetch(live, query, arguments)
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            newest = await self._find_live()
            if newest == live:
                raise  # it is the query that is wrong
            return await self._fetch(newest, query, arguments)

    async def _fetch(self, live: Generation, query: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
        async with connection(self._pool) as reader:
            return await reader.fetch(query.replace("{schema}", live.schema), *arguments)

    async def check(self) -> None:
        """Return when there is something to read. Raises StillBuilding."""
        await self._find_live()

    async def current_at(self) -> datetime:
        """Return up to when everything that its topics held is in what is read. Raises StillBuilding."""
        live = self._live or await self._find_live()
        query = "SELECT coalesce(current_at, live_at) AS at FROM public.projections WHERE name = $1 AND generation = $2"
        async with connection(self._pool) as reader:
            found = await reader.fetchval(query, live.name, live.number)
        if found is None:  # another has taken its place, and this one is gone
            self._live = None
            return await self.current_at()
        at: datetime = found
        return at

    async def _find_live(self) -> Generation:
        for generation in await self._generations.current():
            if generation.state is State.LIVE:
                self._live = generation
                return generation
        raise StillBuilding(self._projection)
