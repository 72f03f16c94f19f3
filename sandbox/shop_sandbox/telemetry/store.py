"""Spans in SQLite: written in batches by the collector, read by `shop-dev trace`, also while the collector writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

MOST_SPANS = 300_000
"""About 150 MB. A checkout leaves some 40 spans, so this is the last 7,000 of them."""
MOST_BYTES = 200 << 20
OLDEST_SECONDS = 7 * 24 * 3600.0

_FORM = 1
"""Counts the changes of the schema."""
_AT_MOST = 1.25
"""Of the bytes, between two prunings: SQLite takes no more then."""
_PRUNED_TO = 0.9
_LOG_BYTES = 8 << 20
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_ERROR})
"""What a new database mends: a broken one, one that cannot be read any more, one whose tables are gone."""

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


_SELECT_BETWEEN = f"SELECT {_COLUMNS} FROM spans WHERE started_ns BETWEEN ? AND ? ORDER BY trace_id, started_ns"  # noqa: S608  # nosec B608 # our own names


class KeyRow(NamedTuple):
    """What a trace can be found by: an order id, a correlation id."""

    key: str
    trace_id: str


class SpanStore:
    """The writing side. One at a time; it blocks, and belongs to one thread at a time.

    Spans are evidence, not state: a database that is damaged, or has the form of another version, is set aside as
    `<name>.set-aside`, in the place of an earlier one, and a new one begun. Nobody need hear of it but the log.
    """

    def __init__(
        self,
        path: Path,
        *,
        most_spans: int = MOST_SPANS,
        most_bytes: int = MOST_BYTES,
        oldest_seconds: float = OLDEST_SECONDS,
        on_trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._most_spans = most_spans
        self._most_bytes = most_bytes
        self._oldest_seconds = oldest_seconds
        self._tell = on_trouble
        self._connection = self._opened()

    def add(self, spans: Sequence[SpanRow], keys: Sequence[KeyRow]) -> None:
        """Keep a batch. A span that was sent twice is kept once. Raises sqlite3.OperationalError when there is no room."""
        with self._or_anew():
            self._add(spans, keys)
            return
        self._add(spans, keys)

    def prune(self, *, now: float) -> None:
        """Forget the oldest spans beyond the caps on number, bytes and age."""
        with self._or_anew():
            (newest,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM spans").fetchone()
            (expired,) = self._connection.execute(
                "SELECT coalesce(max(id), 0) FROM spans WHERE id <= (SELECT min(id) + 20000 FROM spans) AND ended_ns < ?",
                (int((now - self._oldest_seconds) * 1e9),),
            ).fetchone()
            self._forget(max(newest - self._most_spans, expired))
            while (used := self._bytes_used()) > self._most_bytes:
                oldest, newest = self._connection.execute("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM spans").fetchone()
                if oldest >= newest:
                    break
                share = 1 - self._most_bytes * _PRUNED_TO / used
                self._forget(oldest + max(1, int((newest - oldest) * share)))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        """Open the database, or a new one, or at the worst one in memory: whatever is wrong with the disk, services go on."""
        try:
            try:
                return self._connected(str(self._path))
            except (sqlite3.DatabaseError, _OtherForm) as error:
                if not _is_damage(error):
                    raise
                self._set_aside(str(error))
                return self._connected(str(self._path))
        except (sqlite3.DatabaseError, OSError) as error:
            self._tell(f"traces are kept in memory only, for {self._path} cannot be written: {error}")
            return self._connected(":memory:")

    def _connected(self, database: str) -> sqlite3.Connection:
        connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        try:
            _set_up(connection, most_bytes=int(self._most_bytes * _AT_MOST))
        except (sqlite3.DatabaseError, _OtherForm):
            connection.close()
            raise
        return connection

    @contextmanager
    def _or_anew(self) -> Iterator[None]:
        """Begin a new database where the block meets a damaged one."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._connection.close()
            self._set_aside(str(error))
            self._connection = self._opened()

    def _set_aside(self, why: str) -> None:
        aside = self._path.with_name(f"{self._path.name}.set-aside")
        self._tell(f"the traces kept so far are in {aside}, and new ones begin: {why}")
        self._path.replace(aside)
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _add(self, spans: Sequence[SpanRow], keys: Sequence[KeyRow]) -> None:
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany(_INSERT, spans)
            self._connection.executemany(
                "INSERT OR IGNORE INTO keys (key, trace_id, span) VALUES (?, ?, (SELECT max(id) FROM spans))", keys
            )
        except sqlite3.Error:
            with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _forget(self, last: int) -> None:
        if last > 0:
            self._connection.execute("DELETE FROM spans WHERE id <= ?", (last,))
            self._connection.execute("DELETE FROM keys WHERE span <= ?", (last,))

    def _bytes_used(self) -> int:
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        (page_bytes,) = self._connection.execute("PRAGMA page_size").fetchone()
        return int((pages - free) * page_bytes)


class _OtherForm(Exception):
    """The database was made by another version."""


def _set_up(connection: sqlite3.Connection, *, most_bytes: int) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")  # a trace lost with the power is no loss worth a disk flush
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA max_page_count={most_bytes // page_bytes}")
    connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
    (form,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and form != _FORM:
        raise _OtherForm(f"its form is {form}, and this version writes form {_FORM}")
    connection.executescript(f"{_SCHEMA} PRAGMA user_version={_FORM};")


def _is_damage(error: Exception) -> bool:
    """Return whether a new database would mend it: not where there is no room, or somebody else writes."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
    return True


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


def spans_between(path: Path, begin_ns: int, end_ns: int) -> Iterator[SpanRow]:
    """Give the spans that began within this time, trace by trace, each trace by the time they began."""
    with closing(_reader(path)) as connection:
        for row in connection.execute(_SELECT_BETWEEN, (begin_ns, end_ns)):
            yield SpanRow(*row)


def spans_of(path: Path, trace_id: str) -> list[SpanRow]:
    """Give the spans of a trace by the time they began."""
    with closing(_reader(path)) as connection:
        rows = connection.execute(_SELECT, (trace_id,))
        return [SpanRow(*row) for row in rows]


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
