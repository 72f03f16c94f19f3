"""PostgreSQL databases from the manifests: one a service, owned by a role of its own, brought up to date by SQL files.

A migration runs once, in number order, in a transaction together with the line that records it. What was applied is history: a file
that was edited or removed afterwards, or that comes with a number below the newest one applied, is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from shop_sandbox.credentials import credentials_in, database_account, database_role
from shop_sandbox.manifest.loader import Manifest
from shop_sandbox.manifest.rules.stores import MIGRATION_FILE
from shop_sandbox.provision.task import EVERYTHING, Afresh, Outcome, Refused, Report, Wanted, all_of, run_task

_LOCK = 0x73686F70
"""Key of the advisory lock ("shop"): two runs at once take turns."""
_CONNECT_SECONDS = 10.0
_STATEMENT_SECONDS = 600.0

_HISTORY = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

_HELD = "SELECT count(*) AS tables, coalesce(sum(n_live_tup), 0)::bigint AS rows FROM pg_stat_user_tables"
"""What is in a database, as its own statistics count it: they follow within a second."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True)
class Migration:
    """One file of a migrations folder."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True)
class WantedDatabase:
    """A database as a service's manifest wants it. `folder` is where its migrations are, relative to the checkout, for messages."""

    service: str
    name: str
    role: str
    folder: str
    migrations: tuple[Migration, ...]


def wanted_databases(manifests: Sequence[Manifest], checkout: Path) -> list[WantedDatabase]:
    """Return all databases of the manifests, with their migrations read."""
    return [
        _wanted(database.name, manifest.service.service, manifest.folder / (database.migrations or ""), checkout)
        if database.migrations
        else WantedDatabase(manifest.service.service, database.name, database_role(manifest.service.service), "", ())
        for manifest in manifests
        for database in manifest.service.needs.databases
    ]


def _wanted(name: str, service: str, folder: Path, checkout: Path) -> WantedDatabase:
    files = sorted(file for file in folder.iterdir() if MIGRATION_FILE.match(file.name))
    migrations = tuple(Migration(int(file.name[:4]), file.name, file.read_text(encoding="utf-8")) for file in files)
    return WantedDatabase(service, name, database_role(service), os.path.relpath(folder, checkout), migrations)


def main() -> None:
    """Provision databases in this process; see `run_task`."""
    run_task(provision)


async def provision(wanted: Wanted, report: Report) -> None:
    """Make the wanted databases be there and up to date. Raises Refused, alone or in an ExceptionGroup."""
    databases = wanted_databases(wanted.manifests, wanted.checkout)
    if not databases:
        return
    url = wanted.environment["DATABASE_URL"]
    credentials = credentials_in(Path(wanted.environment["SHOP_CREDENTIALS"]))
    if credentials is None:
        raise Refused("postgres", "credentials", f"{wanted.environment['SHOP_CREDENTIALS']} is gone", "start the sandbox again")
    passwords = {database.role: credentials.password(database_account(database.role)) for database in databases}
    made = await _make_all(databases, url, passwords)
    await all_of(
        _bring_up_to_date(database, _url_of(database, url, passwords), database.name in made, report) for database in databases
    )


# --- databases and roles ---------------------------------------------------------------------------------------------------


async def _make_all(databases: Sequence[WantedDatabase], url: str, passwords: Mapping[str, str]) -> set[str]:
    """Make the databases and roles that are not there; return the names of the databases made."""
    async with _connected(url) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        roles = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        rows = await connection.fetch("SELECT datname, pg_get_userbyid(datdba) AS owner FROM pg_database")
        owners = {row["datname"]: row["owner"] for row in rows}
        for database in databases:
            if database.role not in roles:
                roles.add(database.role)
                await connection.execute(f"CREATE ROLE {_quoted(database.role)} LOGIN")
            await connection.execute(f"ALTER ROLE {_quoted(database.role)} PASSWORD '{passwords[database.role]}'")
            if database.name not in owners:
                await connection.execute(f"CREATE DATABASE {_quoted(database.name)} OWNER {_quoted(database.role)}")
                await connection.execute(f"REVOKE ALL ON DATABASE {_quoted(database.name)} FROM PUBLIC")
            elif owners[database.name] != database.role:
                why = f"it belongs to {owners[database.name]!r}, and the manifest gives it to {database.role!r}"
                raise Refused("database", database.name, why, "choose another name", or_afresh=EVERYTHING)
        return {database.name for database in databases if database.name not in owners}


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Refused(
            "postgres", _without_password(url), str(error) or type(error).__name__, "look at `shop-dev logs postgres`"
        ) from error
    try:
        yield connection
    finally:
        await connection.close()


def _url_of(database: WantedDatabase, url: str, passwords: Mapping[str, str]) -> str:
    """Return the address of one database as its owner, on the server that `url` is about."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    owner = f"{quote(database.role)}:{passwords[database.role]}"
    return urlunsplit((parts.scheme, f"{owner}@{host}", f"/{quote(database.name)}", parts.query, ""))


def _without_password(url: str) -> str:
    return re.sub(r":[^:@/]*@", "@", url)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- migrations ------------------------------------------------------------------------------------------------------------


async def _bring_up_to_date(database: WantedDatabase, url: str, is_new: bool, report: Report) -> None:
    applied: list[Migration] = []
    if database.migrations or not is_new:
        async with _connected(url) as connection:
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            for migration in await _outstanding(database, connection):
                await _apply(database, migration, connection)
                applied.append(migration)
    outcome = Outcome.MADE if is_new else Outcome.CHANGED if applied else Outcome.UNCHANGED
    report("database", database.name, outcome, ", ".join(migration.name for migration in applied))


async def _outstanding(database: WantedDatabase, connection: Connection) -> list[Migration]:
    """Return the migrations still to run. Raises Refused where the files and the history do not fit."""
    await connection.execute(_HISTORY)
    rows = await connection.fetch("SELECT number, name, sha256 FROM schema_migrations ORDER BY number")
    files = {migration.number: migration for migration in database.migrations}
    for row in rows:
        migration = files.get(row["number"])
        if migration is None:
            afresh = await _afresh(database, connection)
            raise _unfit(database, row["name"], "was applied and is gone", "bring the file back", or_afresh=afresh)
        if migration.sha256 != row["sha256"]:
            action = f"undo the edit and write a new file `{max(files) + 1:04}_….sql`"
            afresh = await _afresh(database, connection)
            raise _unfit(database, migration.name, "was edited after it was applied", action, or_afresh=afresh)
    newest = rows[-1]["number"] if rows else -1
    done = {row["number"] for row in rows}
    outstanding = [migration for migration in database.migrations if migration.number not in done]
    for migration in outstanding:
        if migration.number < newest:
            why = f"comes before {files[newest].name}, which was applied already"
            raise _unfit(database, migration.name, why, f"give it the next number: `{max(files) + 1:04}{migration.name[4:]}`")
    return outstanding


async def _apply(database: WantedDatabase, migration: Migration, connection: Connection) -> None:
    if statement := _transaction_statement(migration.sql):
        action = f"remove `{statement}`: each file runs in a transaction as a whole"
        raise _unfit(database, migration.name, "begins or ends a transaction itself", action)
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )
    except asyncpg.PostgresError as error:
        raise _unfit(
            database, migration.name, _told(error, migration), "nothing of the file was applied: correct it and start again"
        ) from error


async def _afresh(database: WantedDatabase, connection: Connection) -> Afresh:
    """Return the offer to begin anew with this service's stores alone, and what that would cost."""
    row = await connection.fetchrow(_HELD)
    tables, rows = (0, 0) if row is None else (row["tables"], row["rows"])
    return Afresh(database.service, f"{tables} {'table' if tables == 1 else 'tables'} of {database.name} with about {rows:,} rows")


def _unfit(database: WantedDatabase, file: str, why: str, action: str, *, or_afresh: Afresh | None = None) -> Refused:
    return Refused("migration", f"{database.folder}/{file}", why, action, or_afresh=or_afresh)


def _told(error: asyncpg.PostgresError, migration: Migration) -> str:
    """PostgreSQL's own words, with the line of the file where it says a position."""
    position = getattr(error, "position", None)
    line = f"line {migration.sql.count(chr(10), 0, int(position) - 1) + 1}: " if position else ""
    detail = getattr(error, "detail", None)
    return f"{line}{error.args[0] if error.args else error}" + (f" ({detail})" if detail else "")


_INERT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(\$\w*\$).*?\1", re.DOTALL)
_TRANSACTION = re.compile(r"(?:^|;)\s*((?:begin|commit|rollback|end|start\s+transaction)\b[^;]*)", re.IGNORECASE)


def _transaction_statement(sql: str) -> str | None:
    """Return the first statement that would begin or end a transaction, outside comments, strings and function bodies."""
    found = _TRANSACTION.search(_INERT.sub(" ", sql))
    return found.group(1).strip() if found else None
