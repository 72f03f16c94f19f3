"""The databases of PostgreSQL: their tables, with how much is in them, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from shop_dev.errors import CliCode, ShopDevError

COUNTED_UP_TO = 100_000
"""Beyond so many rows the planner's estimate is told: a count reads the whole table."""
_SECONDS = 10.0
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name, c.reltuples AS estimate, pg_total_relation_size(c.oid) AS bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class SqlTable:
    """A table of a database. `is_exact` is False where `rows` is an estimate. Outside of `public` the schema is in the name."""

    database: str
    name: str
    rows: int
    is_exact: bool
    stored_bytes: int


def sql_tables(urls: Mapping[str, str]) -> list[SqlTable]:
    """Return the tables of databases, by the address of each. Raises ShopDevError (store_away)."""

    async def all_of_them() -> list[SqlTable]:
        found = await asyncio.gather(*(_tables(database, url) for database, url in urls.items()))
        return [table for tables in found for table in tables]

    return asyncio.run(all_of_them())


def existing_databases(url: str) -> frozenset[str]:
    """Return the names of all databases of the server at `url`. Raises ShopDevError (store_away)."""

    async def look() -> frozenset[str]:
        async with _connected("postgres", url) as connection:
            return frozenset(row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database"))

    return asyncio.run(look())


def drop_databases(url: str, names: Iterable[str]) -> None:
    """Remove databases with all that is in them, and end who is still connected; `url` is an administrator's.

    One that is not there is no fault. Raises ShopDevError (store_away).
    """

    async def drop() -> None:
        async with _connected("postgres", url) as connection:
            for name in names:
                await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    asyncio.run(drop())


async def _tables(database: str, url: str) -> list[SqlTable]:
    async with _connected(database, url) as connection:
        rows = await connection.fetch(_TABLES)
        counts = await connection.fetch(_counting(rows)) if rows else []
    return [_table(database, row, counted["rows"]) for row, counted in zip(rows, counts, strict=True)]


@asynccontextmanager
async def _connected(database: str, url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    try:
        connection = await asyncpg.connect(url, timeout=_SECONDS, command_timeout=_SECONDS)
        try:
            yield connection
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise ShopDevError(
            CliCode.STORE_AWAY,
            f"Database {database} cannot be used: {error or type(error).__name__}.",
            actions=("shop-dev status", "shop-dev logs postgres"),
        ) from error


def _counting(tables: list[asyncpg.Record]) -> str:
    """One statement that counts the rows of each, in order, and of none more than the bound and one."""
    selects = (
        f"SELECT {at} AS at, (SELECT count(*) FROM (SELECT 1 FROM {_full_name(row)} LIMIT {COUNTED_UP_TO + 1}) AS counted) AS rows"  # noqa: S608  # nosec B608 # quoted names of the catalogue
        for at, row in enumerate(tables)
    )
    return f"{' UNION ALL '.join(selects)} ORDER BY at"


def _full_name(row: asyncpg.Record) -> str:
    return f"{_quoted(row['schema'])}.{_quoted(row['name'])}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table(database: str, row: asyncpg.Record, counted: int) -> SqlTable:
    name = row["name"] if row["schema"] == "public" else f"{row['schema']}.{row['name']}"
    is_exact = counted <= COUNTED_UP_TO
    return SqlTable(database, name, counted if is_exact else max(counted, int(row["estimate"])), is_exact, row["bytes"])
