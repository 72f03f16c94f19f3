"""Databases and migrations, on a real PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import asyncpg
import pytest
from fakes.provisioning import Bench
from shop_sandbox.credentials import credentials_in

pytestmark = pytest.mark.integration

NEEDS = "  databases: [{name: db_{x}, migrations: migrations}]\n"


def migration(bench: Bench, name: str, sql: str) -> None:
    bench.write(bench.folder / "migrations" / name, sql)


def password(bench: Bench, role: str) -> str:
    credentials = credentials_in(Path(bench.environment["SHOP_CREDENTIALS"]))
    assert credentials is not None
    return credentials.password(f"postgres/{role}")


def query(bench: Bench, sql: str, *, role: str | None = None, database: str | None = None) -> Any:
    """What the service itself sees of its database."""
    address = urlsplit(bench.environment["DATABASE_URL"]).netloc.rpartition("@")[2]
    role = role or bench.service.replace("-", "_")
    url = f"postgresql://{role}:{password(bench, role)}@{address}/{database or f'db_{bench.x}'}"

    async def ask() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return anyio.run(ask)


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    bench.needs(NEEDS)
    migration(bench, "0001_orders.sql", "CREATE TABLE orders (id text PRIMARY KEY);")
    migration(bench, "0002_more.sql", "ALTER TABLE orders ADD total bigint; INSERT INTO orders VALUES ('o-1', 5);")

    first, second = bench.provision("databases"), bench.provision("databases")

    assert (first.status, first.refused) == (second.status, second.refused) == (0, "")
    assert first.outcomes == {("database", f"db_{bench.x}", "made")}
    assert first.detail(f"db_{bench.x}") == "0001_orders.sql, 0002_more.sql"
    assert second.outcomes == {("database", f"db_{bench.x}", "unchanged")}
    assert query(bench, "SELECT id, total FROM orders") == [("o-1", 5)]


def test_a_new_migration_runs_alone(bench: Bench) -> None:
    bench.needs(NEEDS)
    migration(bench, "0001_orders.sql", "CREATE TABLE orders (id text PRIMARY KEY);")
    bench.provision("databases")
    migration(bench, "0002_more.sql", "ALTER TABLE orders ADD total bigint;")

    second = bench.provision("databases")

    assert second.outcomes == {("database", f"db_{bench.x}", "changed")}
    assert second.detail(f"db_{bench.x}") == "0002_more.sql"


def test_a_service_owns_its_database_and_cannot_enter_another(bench: Bench) -> None:
    bench.needs("  databases: [{name: db_{x}}]\n")
    bench.provision("databases")
    query(bench, "CREATE TABLE own (id int)")
    stranger = f"stranger_{bench.x}"
    administrator = urlsplit(bench.environment["DATABASE_URL"]).username
    query(bench, f"CREATE ROLE {stranger} LOGIN PASSWORD '{password(bench, stranger)}'", role=administrator, database="shop")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(bench, "SELECT 1", role=stranger)


def test_a_migration_that_fails_leaves_nothing_and_names_the_line(bench: Bench) -> None:
    bench.needs(NEEDS)
    migration(bench, "0001_orders.sql", "CREATE TABLE orders (id text);\n\nCREATE TABEL lines (id text);\n")

    told = bench.provision("databases")

    assert told.status == 1
    assert told.refused == (
        f'migration services/{bench.service}/migrations/0001_orders.sql: line 3: syntax error at or near "TABEL"\n'
        "  hint: nothing of the file was applied: correct it and start again\n"
    )
    assert query(bench, "SELECT to_regclass('orders')::text") == [(None,)]
    migration(bench, "0001_orders.sql", "CREATE TABLE orders (id text);")
    assert bench.provision("databases").status == 0


@pytest.mark.parametrize(
    ("sql", "statement"),
    [
        ("CREATE TABLE a (id int);\nCOMMIT;\n", "COMMIT"),
        ("BEGIN; CREATE TABLE a (id int);", "BEGIN"),
        ("/* x */ start transaction read only; SELECT 1", "start transaction read only"),
    ],
)
def test_a_migration_leaves_transactions_alone(bench: Bench, sql: str, statement: str) -> None:
    bench.needs(NEEDS)
    migration(bench, "0001_a.sql", sql)

    told = bench.provision("databases")

    assert told.refused == (
        f"migration services/{bench.service}/migrations/0001_a.sql: begins or ends a transaction itself\n"
        f"  hint: remove `{statement}`: each file runs in a transaction as a whole\n"
    )


def test_function_bodies_and_comments_may_speak_of_transactions(bench: Bench) -> None:
    bench.needs(NEEDS)
    body = "-- COMMIT;\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN; RETURN 1; END; $body$;"
    migration(bench, "0001_f.sql", body.replace("BEGIN;", "BEGIN"))

    assert bench.provision("databases").refused == ""
    assert query(bench, "SELECT f()") == [(1,)]


def _edit(bench: Bench) -> None:
    migration(bench, "0001_a.sql", "CREATE TABLE a (id bigint);")


def _remove(bench: Bench) -> None:
    (bench.folder / "migrations/0001_a.sql").unlink()


def _come_late(bench: Bench) -> None:
    migration(bench, "0002_late.sql", "SELECT 1;")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            _edit,
            "0001_a.sql: was edited after it was applied\n  hint: undo the edit and write a new file `0004_….sql`, or {afresh}\n",
        ),
        (
            _remove,
            "0001_a.sql: was applied and is gone\n  hint: bring the file back, or {afresh}\n",
        ),
        (
            _come_late,
            "0002_late.sql: comes before 0003_b.sql, which was applied already\n  hint: give it the next number: `0004_late.sql`\n",
        ),
    ],
    ids=["edited", "removed", "late"],
)
def test_history_is_not_rewritten(bench: Bench, change: Any, told: str) -> None:
    bench.needs(NEEDS)
    migration(bench, "0001_a.sql", "CREATE TABLE a (id int);")
    migration(bench, "0003_b.sql", "CREATE TABLE b (id int);")
    bench.provision("databases")

    change(bench)
    second = bench.provision("databases")

    assert second.status == 1
    refused = re.sub(r"about \d+ rows", "about … rows", second.refused)
    loses = f"3 tables of db_{bench.x} with about … rows"
    afresh = f"start {bench.service} afresh with `shop-dev up --reset {bench.service}`, which loses {loses}"
    assert refused == f"migration services/{bench.service}/migrations/{told.format(afresh=afresh)}"


def test_a_database_of_another_owner_is_not_taken_over(bench: Bench) -> None:
    user = urlsplit(bench.environment["DATABASE_URL"]).username
    query(bench, f"CREATE DATABASE db_{bench.x}", role=user, database="shop")
    bench.needs("  databases: [{name: db_{x}}]\n")

    told = bench.provision("databases")

    role = bench.service.replace("-", "_")
    assert told.refused == (
        f"database db_{bench.x}: it belongs to {user!r}, and the manifest gives it to {role!r}\n"
        "  hint: choose another name, or start afresh with `shop-dev up --reset`\n"
    )
