"""Traces are evidence, not state: whatever became of their database, services go on, and new traces are kept."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from shop_sandbox.errors import SandboxError
from shop_sandbox.telemetry.read import latest, span_tree
from shop_sandbox.telemetry.store import KeyRow, SpanRow, SpanStore, spans_of


def spans(trace: str, count: int = 1, *, text: str = "") -> list[SpanRow]:
    return [
        SpanRow(trace, f"{trace}-{number}", None, "orders", "place", "server", number, number + 1, "ok", text, "{}", "[]")
        for number in range(count)
    ]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.sqlite"


@pytest.fixture
def troubles() -> list[str]:
    return []


def kept(database: Path, trace: str) -> int:
    return len(spans_of(database, trace))


@pytest.mark.parametrize("content", [b"this is no database" * 100, os.urandom(8192)])
def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_begun(database: Path, troubles: list[str], content: bytes) -> None:
    database.write_bytes(content)

    store = SpanStore(database, on_trouble=troubles.append)
    store.add(spans("a"), [KeyRow("ord_1", "a")])

    assert kept(database, "a") == 1
    assert (database.parent / "telemetry.sqlite.set-aside").read_bytes() == content
    assert "not a database" in troubles[0]


def test_a_database_of_another_version_is_set_aside(database: Path, troubles: list[str]) -> None:
    SpanStore(database).close()
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version=99")

    SpanStore(database, on_trouble=troubles.append).add(spans("a"), [])

    assert kept(database, "a") == 1
    assert "form is 99" in troubles[0]


def test_damage_that_shows_while_it_runs_costs_what_was_kept_and_not_what_comes(database: Path, troubles: list[str]) -> None:
    store = SpanStore(database, on_trouble=troubles.append)
    store.add(spans("before", 2000, text="x" * 500), [])
    store.close()
    whole = database.read_bytes()
    database.write_bytes(whole[:8192] + os.urandom(len(whole) - 8192))
    store = SpanStore(database, on_trouble=troubles.append)

    store.add(spans("after", 2000), [])
    store.prune(now=1.0)

    assert kept(database, "after") == 2000
    assert len(troubles) == 1


def test_tables_that_somebody_has_dropped_are_made_again(database: Path) -> None:
    store = SpanStore(database)
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE spans")

    store.add(spans("a"), [])

    assert kept(database, "a") == 1


def test_a_place_that_cannot_be_written_costs_the_traces_only(tmp_path: Path, troubles: list[str]) -> None:
    database = tmp_path / "telemetry.sqlite"
    database.mkdir()
    (database / "in the way").touch()
    (tmp_path / "telemetry.sqlite.set-aside").mkdir()
    (tmp_path / "telemetry.sqlite.set-aside" / "as well").touch()

    store = SpanStore(database, on_trouble=troubles.append)
    store.add(spans("a"), [])

    assert "in memory only" in troubles[-1]


def test_it_is_bounded_in_bytes_and_the_newest_stay(database: Path) -> None:
    store = SpanStore(database, most_bytes=400_000)
    for number in range(20):
        store.add(spans(f"trace-{number}", 20, text="x" * 1000), [])
        store.prune(now=0)
    store.close()

    assert database.stat().st_size <= 400_000 * 1.3
    assert kept(database, "trace-19") == 20
    assert kept(database, "trace-0") == 0


def test_between_two_prunings_it_grows_no_further_than_a_quarter(database: Path) -> None:
    store = SpanStore(database, most_bytes=400_000)

    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.add(spans("big", 1000, text="x" * 1000), [])

    store.add(spans("small"), [])
    assert kept(database, "small") == 1


def test_a_reader_of_a_damaged_database_finds_nothing(database: Path) -> None:
    database.write_bytes(b"this is no database" * 100)

    assert latest(database, count=5) == ()
    with pytest.raises(SandboxError, match="no trace mentions"):
        span_tree(database, "ord_1")
