"""Spans in SQLite: written in batches by the collector, read by `shop-dev trace`, also while the collector writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

MOST_SPANS = 300_000
"""About 150 MB. A checkout leaves some 40 spans, so this is the last 7,000 of them."""
OLDEST_SECONDS = 7 * 24 * 3600.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    started_ns INTEGER NOT NULL,
    ended_ns INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_message TEXT NOT NULL,
    attributes TEXT NOT NULL,
    events TEXT NOT NULL,
    UNIQUE (trace_id, span_id)
);
CREATE TABLE IF NOT EXISTS keys (
    key TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    span INTEGER NOT NULL,
    PRIMARY KEY (key, trace_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_age ON keys (span);
"""


_TRACES_OF_KEY = """
SELECT keys.trace_id, min(spans.started_ns) AS began
FROM keys JOIN spans USING (trace_id) WHERE key = ? GROUP BY trace_id ORDER BY began
"""


class SpanRow(NamedTuple):
    """A row of `spans`. `attributes` and `events` are JSON; ids are lower-case hex; times are nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    name: str
    kind: str
    started_ns: int
    ended_ns: int
    status: str
    status_message: str
    attributes: str
    events: str


_COLUMNS = ", ".join(SpanRow._fields)
_PLACES = ", ".join("?" * len(SpanRow._fields))
_INSERT = f"INSERT OR IGNORE INTO spans ({_COLUMNS}) VALUES ({_PLACES})"  # noqa: S608  # nosec B608 # our own names
_SELECT = f"SELECT {_COLUMNS} FROM spans WHERE trace_id = ? ORDER BY started_ns, id"  # noqa: S608  # nosec B608 # our own names


class KeyRow(NamedTuple):
    """What a trace can be found by: an order id, a correlation id."""

    key: str
    trace_id: str


class SpanStore:
    """The writing side. One at a time; it blocks, and belongs to one thread at a time."""

    def __init__(self, path: Path, *, most_spans: int = MOST_SPANS, oldest_seconds: float = OLDEST_SECONDS) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._most_spans = most_spans
        self._oldest_seconds = oldest_seconds
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")  # a trace lost with the power is no loss worth a disk flush
        self._connection.executescript(_SCHEMA)

    def add(self, spans: Iterable[SpanRow], keys: Iterable[KeyRow]) -> None:
        """Keep a batch. A span that was sent twice is kept once. Raises sqlite3.OperationalError when the disk is full."""
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany(_INSERT, spans)
            self._connection.executemany(
                "INSERT OR IGNORE INTO keys (key, trace_id, span) VALUES (?, ?, (SELECT max(id) FROM spans))", keys
            )
        except sqlite3.Error:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def prune(self, *, now: float) -> None:
        """Forget the oldest spans beyond the cap on number and age."""
        (newest,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM spans").fetchone()
        (expired,) = self._connection.execute(
            "SELECT coalesce(max(id), 0) FROM spans WHERE id <= (SELECT min(id) + 20000 FROM spans) AND ended_ns < ?",
            (int((now - self._oldest_seconds) * 1e9),),
        ).fetchone()
        last = max(newest - self._most_spans, expired)
        if last > 0:
            self._connection.execute("DELETE FROM spans WHERE id <= ?", (last,))
            self._connection.execute("DELETE FROM keys WHERE span <= ?", (last,))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


def trace_ids(path: Path, key: str) -> list[str]:
    """Give the traces of a trace id, an order id or a correlation id, the one that mentioned it first first."""
    with closing(_reader(path)) as connection:
        if connection.execute("SELECT 1 FROM spans WHERE trace_id = ? LIMIT 1", (key.lower(),)).fetchone():
            return [key.lower()]
        rows = connection.execute(_TRACES_OF_KEY, (key,))
        return [row[0] for row in rows]


def latest_traces(path: Path, *, newest_spans: int) -> list[str]:
    """Give the traces of the spans that came last, the newest trace first."""
    with closing(_reader(path)) as connection:
        rows = connection.execute("SELECT trace_id FROM spans ORDER BY id DESC LIMIT ?", (newest_spans,))
        return list(dict.fromkeys(row[0] for row in rows))


def spans_of(path: Path, trace_id: str) -> list[SpanRow]:
    """Give the spans of a trace by the time they began."""
    with closing(_reader(path)) as connection:
        rows = connection.execute(_SELECT, (trace_id,))
        return [SpanRow(*row) for row in rows]


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
