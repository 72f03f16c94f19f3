"""PostgreSQL as asyncpg shows it: sessions, READ COMMITTED transactions, row locks, advisory locks, LISTEN and NOTIFY.

There is no SQL in here: each statement of the services is known by its text and stands in Python in `statements.py`. A statement
that nobody wrote down is an error, so a changed statement cannot slip through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn

import asyncpg

from simulation.faults import Kind, Trouble
from simulation.outside import CallFailed, Outside, Process
from simulation.virtual_time import EPOCH

Row = dict[str, Any]
RowKey = tuple[str, Any]
_ABSENT: Any = object()


class MustWait(Exception):
    """A statement needs a lock that another transaction holds."""

    def __init__(self, lock: Lock) -> None:
        super().__init__("another transaction holds the row")
        self.lock = lock


class Lock:
    """Who holds a row or an advisory lock, and who waits for it."""

    __slots__ = ("holder", "key", "waiting")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.holder: Any = None
        self.waiting: list[asyncio.Future[None]] = []

    def release(self) -> None:
        """Let those who wait try again, the first of them first."""
        self.holder = None
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            loop = one.get_loop()
            loop.call_soon(_wake, one)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class Record:
    """A row of an answer: by name, by place, and iterated by value, as asyncpg has it."""

    __slots__ = ("_row",)

    def __init__(self, row: Row) -> None:
        self._row = row

    def __getitem__(self, key: str | int) -> Any:
        return self._row[key] if isinstance(key, str) else list(self._row.values())[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._row.values())

    def __len__(self) -> int:
        return len(self._row)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the column, or the default."""
        return self._row.get(key, default)

    def keys(self) -> Iterator[str]:
        """Return the names of the columns."""
        return iter(self._row)

    def values(self) -> Iterator[Any]:
        """Return the columns."""
        return iter(self._row.values())

    def items(self) -> Iterator[tuple[str, Any]]:
        """Return names and columns."""
        return iter(self._row.items())


class Answer:
    """What a statement gives: rows, and the status that `execute` returns."""

    __slots__ = ("rows", "status")

    def __init__(self, rows: Sequence[Row] = (), status: str | None = None) -> None:
        self.rows = [Record(row) for row in rows]
        self.status = status if status is not None else f"SELECT {len(rows)}"


class Transaction:
    """One transaction on the server: what it wrote that nobody else sees yet, and the rows it holds."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.began = database.now()
        self.written: dict[RowKey, Row | None] = {}
        self.held: list[Lock] = []
        self.notifies: set[str] = set()
        self.is_aborted = False
        self.is_over = False
        self.waits_for: Lock | None = None

    @property
    def now(self) -> datetime:
        """What now() is: the moment the transaction began."""
        return self.began

    def get(self, table: str, key: Any) -> Row | None:
        """Return a row as this transaction sees it."""
        found = self.written.get((table, key), _ABSENT)
        return self.database.tables[table].get(key) if found is _ABSENT else found

    def rows(self, table: str) -> list[tuple[Any, Row]]:
        """Return all rows as this transaction sees them, with their keys."""
        committed = self.database.tables[table]
        mine = {key: row for (name, key), row in self.written.items() if name == table}
        if not mine:
            return list(committed.items())
        found = [(key, mine.pop(key, row)) for key, row in committed.items()]
        return [(key, row) for key, row in [*found, *mine.items()] if row is not None]

    def is_locked(self, table: str, key: Any) -> bool:
        """Return whether another transaction holds the row."""
        lock = self.database.locks.get((table, key))
        return lock is not None and lock.holder not in {None, self}

    def lock(self, table: str, key: Any) -> None:
        """Hold a row until the end. Raises MustWait."""
        lock = self.database.locks.setdefault((table, key), Lock((table, key)))
        if lock.holder is None:
            lock.holder = self
            self.held.append(lock)
        elif lock.holder is not self:
            raise MustWait(lock)

    def insert(self, table: str, key: Any, row: Row) -> bool:
        """Write a row that must be new; False when there is one. Waits for whoever is writing it."""
        self.lock(table, key)
        if self.get(table, key) is not None:
            return False
        self.written[table, key] = row
        return True

    def insert_or_fail(self, table: str, key: Any, row: Row, *, constraint: str | None = None) -> None:
        """Write a row that must be new. Raises UniqueViolationError, which names the constraint, else the table's primary key."""
        if not self.insert(table, key, row):
            violated = asyncpg.UniqueViolationError(f"duplicate key {key} in {table}")
            violated.constraint_name = constraint or f"{table}_pkey"
            raise violated

    def update(self, table: str, key: Any, **changes: Any) -> Row:
        """Change a row that is there."""
        self.lock(table, key)
        row = self.get(table, key)
        assert row is not None, (table, key)
        self.written[table, key] = {**row, **changes}
        return self.written[table, key]  # type: ignore[return-value]

    def delete(self, table: str, key: Any) -> None:
        """Remove a row."""
        self.lock(table, key)
        self.written[table, key] = None

    def next_value(self, sequence: str) -> int:
        """Draw from a sequence: it never goes back, not even at a rollback."""
        self.database.sequences[sequence] = value = self.database.sequences.get(sequence, 0) + 1
        return value

    def notify(self, channel: str) -> None:
        """Tell listeners at the commit."""
        self.notifies.add(channel)

    def commit(self) -> None:
        """Make it visible, let go, and tell."""
        if self.is_over:
            return
        self.is_over = True
        for (table, key), row in self.written.items():
            before = self.database.tables[table].get(key)
            if row is None:
                self.database.tables[table].pop(key, None)
            else:
                self.database.tables[table][key] = row
            for watch in self.database.watchers:
                watch(table, before, row)
        self._let_go()
        self.database.tell(self.notifies)

    def rollback(self) -> None:
        """Forget it."""
        if not self.is_over:
            self.is_over = True
            self._let_go()

    def _let_go(self) -> None:
        for lock in self.held:
            lock.release()


Statement = Callable[..., Answer]
_STATEMENTS: dict[str, tuple[Statement, bool, str]] = {}


def statement(text: str, *, writes: bool = True, category: str = "statement") -> Callable[[Statement], Statement]:
    """Say in Python what a statement does: a function of the transaction and the statement's parameters."""

    def keep(function: Statement) -> Statement:
        _STATEMENTS[_normal(text)] = (function, writes, "read" if category == "statement" and not writes else category)
        return function

    return keep


_normalised: dict[str, str] = {}


def _normal(text: str) -> str:
    found = _normalised.get(text)
    if found is None:
        found = _normalised[text] = " ".join(text.split()).lower().replace("( ", "(").replace(" )", ")").replace(" ,", ",")
    return found


class UnknownStatement(Exception):
    """A statement that no model stands for."""

    def __init__(self, text: str) -> None:
        super().__init__(f"no model for this statement; add it to tests/simulation/models/statements.py:\n{_normal(text)}")


class Database:
    """One database on one server."""

    def __init__(self, outside: Outside, tables: Sequence[str]) -> None:
        self.outside = outside
        self.tables: dict[str, dict[Any, Row]] = {name: {} for name in tables}
        self.locks: dict[RowKey, Lock] = {}
        self.sequences: dict[str, int] = {}
        self.advisory: dict[int, Lock] = {}
        self.listening: dict[str, list[tuple[ModelConnection, Callable[..., object]]]] = {}
        self.watchers: list[Callable[[str, Row | None, Row | None], object]] = []

    def now(self) -> datetime:
        """What the server's clock shows."""
        return datetime.fromtimestamp(EPOCH + self.outside.now, UTC)

    def tell(self, channels: set[str]) -> None:
        """Wake listeners."""
        for channel in sorted(channels):
            for connection, callback in self.listening.get(channel, ()):
                if connection.process.is_alive:
                    connection.process.loop.call_later(0.001, callback, connection, 0, channel, "")


class ModelTransaction:
    """What `connection.transaction()` gives."""

    def __init__(self, connection: ModelConnection) -> None:
        self._connection = connection

    async def __aenter__(self) -> ModelTransaction:
        await self.start()
        return self

    async def start(self) -> None:
        """BEGIN."""
        connection = self._connection
        connection.check_usable()
        if connection.transaction_now is not None:
            raise NotImplementedError("savepoints are not modelled")
        connection.transaction_now = Transaction(connection.database)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if kind is None:
            await self.commit()
        else:
            await self.rollback()

    async def commit(self) -> None:
        """COMMIT. Raises what asyncpg would."""
        connection = self._connection
        transaction, connection.transaction_now = connection.transaction_now, None
        connection.committing = transaction
        if connection.is_closed() or transaction is None:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        if transaction.is_aborted:
            transaction.rollback()
            return

        def effect() -> None:
            if transaction.written and connection.trouble() is Trouble.READ_ONLY:
                transaction.rollback()
                raise asyncpg.AdminShutdownError("terminating connection due to administrator command")
            transaction.commit()

        try:
            await connection.send("commit" if transaction.written else "read", f"the commit ({_describe(transaction)})", effect)
        except (TimeoutError, asyncio.CancelledError):
            # It may still arrive; otherwise the server ends the session of a client that has gone.
            transaction.database.outside.loop.call_later(2.0, transaction.rollback)
            connection.break_off()
            raise
        except BaseException:
            transaction.rollback()
            raise
        connection.committing = None

    async def rollback(self) -> None:
        """ROLLBACK."""
        connection = self._connection
        transaction, connection.transaction_now = connection.transaction_now, None
        if transaction is not None:
            transaction.rollback()


def _describe(transaction: Transaction) -> str:
    if not transaction.database.outside.tells:
        return ""
    return ", ".join(f"{table} {key}" for table, key in transaction.written)


class ModelConnection:
    """Stands in for asyncpg.Connection."""

    def __init__(self, database: Database, process: Process, command_timeout: float | None) -> None:
        self.database = database
        self.process = process
        self.transaction_now: Transaction | None = None
        self.committing: Transaction | None = None
        self._seconds = command_timeout or 60.0
        self._is_closed = False
        self._advisory: list[Lock] = []
        self._listens: list[str] = []
        process.at_death.append(self.break_off)

    def is_closed(self) -> bool:
        """Whether it was closed, by us or by trouble."""
        return self._is_closed

    def trouble(self) -> Trouble | None:
        """What is wrong with the server now."""
        return self.database.outside.trouble("postgresql", self.process.name)

    def check_usable(self) -> None:
        """Raise InterfaceError on a closed connection."""
        if self._is_closed:
            raise asyncpg.InterfaceError("connection is closed")

    def break_off(self) -> None:
        """End the session as the server sees it: its transaction is rolled back, its locks are free."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.transaction_now is not None:
            self.transaction_now.rollback()
        if self.committing is not None:
            self.database.outside.loop.call_later(1.0, self.committing.rollback)  # its commit may still be on the wire
        for lock in self._advisory:
            lock.release()
        for channel in self._listens:
            self.database.listening[channel] = [one for one in self.database.listening[channel] if one[0] is not self]

    def transaction(self, **_: Any) -> ModelTransaction:
        """Return a transaction to enter."""
        return ModelTransaction(self)

    def is_in_transaction(self) -> bool:
        """Whether one is open."""
        return self.transaction_now is not None

    async def send(self, category: str, call: str, effect: Callable[[], Any], *, timeout: float | None = None) -> Any:
        """Carry something to the server. Raises what asyncpg would."""
        self.check_usable()
        try:
            return await self.database.outside.cross(
                "postgresql", category, call, effect, timeout_seconds=timeout or self._seconds, refusal=_refusal
            )
        except CallFailed as failed:
            if failed.is_timeout:
                if self.transaction_now is not None:
                    self.transaction_now.is_aborted = True
                raise TimeoutError from None
            if failed.kind is Kind.LOST and category == "commit":
                self._is_closed = True  # the transaction is over already
            self.break_off()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation") from None
        except asyncpg.AdminShutdownError:
            self.break_off()
            raise
        except asyncpg.PostgresError:
            if self.transaction_now is not None:
                self.transaction_now.is_aborted = True
            raise
        except asyncio.CancelledError:
            if self.transaction_now is not None:
                self.transaction_now.is_aborted = True
            raise

    async def _run(self, text: str, arguments: tuple[Any, ...], timeout: float | None) -> Answer:
        special = await self._special(text, arguments, timeout)
        if special is not None:
            return special
        found = _STATEMENTS.get(_normal(text))
        if found is None:
            self.database.outside.fatal = UnknownStatement(text)
            await self.process.never()
        function, writes, category = found
        transaction = self.transaction_now or Transaction(self.database)
        alone = self.transaction_now is None
        shown = function.__name__.replace("_", " ")
        if alone and category == "statement":
            category = "commit"
        while True:
            result = await self.send(
                category, shown, lambda: self._attempt(transaction, function, arguments, writes, alone), timeout=timeout
            )
            if isinstance(result, Answer):
                return result
            await self._wait_for(result, transaction, timeout)

    def _attempt(
        self, transaction: Transaction, function: Statement, arguments: tuple[Any, ...], writes: bool, alone: bool
    ) -> Answer | Lock:
        if transaction.is_over:
            raise asyncpg.InterfaceError("the transaction is over")
        if transaction.is_aborted:
            raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
        if writes and self.trouble() is Trouble.READ_ONLY:
            transaction.is_aborted = True
            raise asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction")
        before, notifies = dict(transaction.written), set(transaction.notifies)
        try:
            found = function(transaction, *arguments)
        except MustWait as wait:
            transaction.written, transaction.notifies = before, notifies
            return wait.lock
        except BaseException:
            transaction.is_aborted = True
            if alone:
                transaction.rollback()
            raise
        if alone:
            transaction.commit()
        return found

    async def _wait_for(self, lock: Lock, transaction: Transaction, timeout: float | None) -> None:
        if lock.holder is None:
            return
        if _is_deadlock(lock, transaction):
            transaction.is_aborted = True
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        waiting: asyncio.Future[None] = self.process.loop.create_future()
        lock.waiting.append(waiting)
        transaction.waits_for = lock
        try:
            async with asyncio.timeout(timeout or self._seconds):
                await waiting
        except BaseException:
            transaction.is_aborted = True
            raise
        finally:
            transaction.waits_for = None

    async def _special(self, text: str, arguments: tuple[Any, ...], timeout: float | None) -> Answer | None:
        normal = _normal(text)
        if normal.startswith("select pg_advisory_lock("):
            (key,) = arguments
            while True:
                lock = self.database.advisory.setdefault(key, Lock(key))
                is_mine = await self.send("connect", "taking the relay's lock", partial(self._take, lock), timeout=timeout)
                if is_mine:
                    return Answer([{"pg_advisory_lock": None}])
                await self._wait_for(lock, Transaction(self.database), timeout)
                self.check_usable()
        if normal.startswith("select pg_try_advisory_lock("):
            (key,) = arguments
            lock = self.database.advisory.setdefault(key, Lock(key))
            is_mine = await self.send("connect", "trying the relay's lock", lambda: self._take(lock), timeout=timeout)
            return Answer([{"pg_try_advisory_lock": is_mine}])
        if normal == "select 1":
            answer: Answer = await self.send(
                "read", "a look whether it answers", lambda: Answer([{"?column?": 1}]), timeout=timeout
            )
            return answer
        return None

    def _take(self, lock: Lock) -> bool:
        if lock.holder is None and not self._is_closed:
            lock.holder = self
            self._advisory.append(lock)
        return lock.holder is self

    async def execute(self, text: str, *arguments: Any, timeout: float | None = None) -> str:
        """Return the status of a statement."""
        found = await self._run(text, arguments, timeout)
        return found.status

    async def fetch(self, text: str, *arguments: Any, timeout: float | None = None) -> list[Record]:
        """Return all rows."""
        found = await self._run(text, arguments, timeout)
        return found.rows

    async def fetchrow(self, text: str, *arguments: Any, timeout: float | None = None) -> Record | None:
        """Return the first row, or None."""
        rows = (await self._run(text, arguments, timeout)).rows
        return rows[0] if rows else None

    async def fetchval(self, text: str, *arguments: Any, column: int = 0, timeout: float | None = None) -> Any:
        """Return a column of the first row, or None."""
        rows = (await self._run(text, arguments, timeout)).rows
        return rows[0][column] if rows else None

    async def add_listener(self, channel: str, callback: Callable[..., object]) -> None:
        """LISTEN."""
        await self.send("connect", f"LISTEN {channel}", lambda: None)
        self.database.listening.setdefault(channel, []).append((self, callback))
        self._listens.append(channel)

    async def remove_listener(self, channel: str, callback: Callable[..., object]) -> None:
        """UNLISTEN."""
        self.database.listening[channel] = [one for one in self.database.listening.get(channel, ()) if one[0] is not self]

    async def close(self, *, timeout: float | None = None) -> None:
        """End the session."""
        del timeout
        self.break_off()

    def terminate(self) -> None:
        """End the session at once."""
        self.break_off()


def _refusal(why: Trouble | Kind) -> NoReturn:
    if why is Kind.BROKEN:
        raise asyncpg.QueryCanceledError("canceling statement due to user request")
    raise asyncpg.SerializationError("could not serialize access due to concurrent update")


def _is_deadlock(lock: Lock, transaction: Transaction) -> bool:
    seen = 0
    holder = lock.holder
    while isinstance(holder, Transaction) and holder.waits_for is not None and seen < 20:
        if holder.waits_for.holder is transaction:
            return True
        holder = holder.waits_for.holder
        seen += 1
    return False


class _Acquiring:
    """What `pool.acquire()` gives: to be awaited, or entered."""

    def __init__(self, pool: ModelPool, timeout: float | None) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connection: ModelConnection | None = None

    def __await__(self) -> Any:
        return self._pool.take(self._timeout).__await__()

    async def __aenter__(self) -> ModelConnection:
        self._connection = await self._pool.take(self._timeout)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._pool.release(self._connection)


class ModelPool:
    """Stands in for asyncpg.Pool."""

    def __init__(self, database: Database, process: Process, size: int, command_timeout: float | None) -> None:
        self._database = database
        self._process = process
        self._seconds = command_timeout
        self._idle: list[ModelConnection] = []
        self._size = size
        self._places = asyncio.Semaphore(size)

    def get_idle_size(self) -> int:
        """Return how many connections nobody uses."""
        return len(self._idle)

    def get_size(self) -> int:
        """Return how many connections there are."""
        return len(self._idle) + self._size - self._places._value

    def get_max_size(self) -> int:
        """Return how many there may be."""
        return self._size

    def acquire(self, *, timeout: float | None = None) -> _Acquiring:
        """Borrow a connection."""
        return _Acquiring(self, timeout)

    async def take(self, timeout: float | None) -> ModelConnection:
        """Return a connection that works as far as anybody knows."""
        async with asyncio.timeout(timeout):
            await self._places.acquire()
            try:
                while self._idle:
                    connection = self._idle.pop()
                    if not connection.is_closed():
                        return connection
                return await connect_to(self._database, self._process, self._seconds)
            except BaseException:
                self._places.release()
                raise

    async def release(self, connection: ModelConnection, *, timeout: float | None = None) -> None:
        """Give a connection back."""
        del timeout
        if not connection.is_closed():
            if connection.transaction_now is not None:
                connection.transaction_now.rollback()
                connection.transaction_now = None
            self._idle.append(connection)
        self._places.release()

    async def execute(self, text: str, *arguments: Any, timeout: float | None = None) -> str:
        """Run one statement on a borrowed connection."""
        async with self.acquire() as connection:
            return await connection.execute(text, *arguments, timeout=timeout)

    async def fetch(self, text: str, *arguments: Any, timeout: float | None = None) -> list[Record]:
        """Run one statement on a borrowed connection."""
        async with self.acquire() as connection:
            return await connection.fetch(text, *arguments, timeout=timeout)

    async def fetchrow(self, text: str, *arguments: Any, timeout: float | None = None) -> Record | None:
        """Run one statement on a borrowed connection."""
        async with self.acquire() as connection:
            return await connection.fetchrow(text, *arguments, timeout=timeout)

    async def fetchval(self, text: str, *arguments: Any, column: int = 0, timeout: float | None = None) -> Any:
        """Run one statement on a borrowed connection."""
        async with self.acquire() as connection:
            return await connection.fetchval(text, *arguments, column=column, timeout=timeout)

    async def close(self) -> None:
        """End all sessions."""
        for connection in self._idle:
            connection.break_off()

    def terminate(self) -> None:
        """End all sessions at once."""
        for connection in self._idle:
            connection.break_off()


async def connect_to(database: Database, process: Process, command_timeout: float | None) -> ModelConnection:
    """Return a new session. Raises OSError when the server is away."""
    try:
        await database.outside.cross("postgresql", "connect", "connecting", lambda: None, timeout_seconds=5.0)
    except CallFailed as failed:
        if failed.is_timeout:
            raise TimeoutError from None
        raise ConnectionRefusedError("postgresql refused the connection") from None
    return ModelConnection(database, process, command_timeout)


_current: list[Database] = []


def use(database: Database | None) -> None:
    """Let pools and connections made from now on meet this database."""
    _current[:] = [database] if database else []


async def create_pool(
    dsn: str | None = None, *, min_size: int = 1, max_size: int = 8, command_timeout: float | None = None, **_: Any
) -> ModelPool:
    """Stand in for asyncpg.create_pool."""
    database = _current[-1]
    pool = ModelPool(database, database.outside.process(), max_size, command_timeout)
    if min_size:
        await pool.release(await pool.take(5.0))
    return pool


async def connect(dsn: str | None = None, *, command_timeout: float | None = None, **_: Any) -> ModelConnection:
    """Stand in for asyncpg.connect."""
    database = _current[-1]
    return await connect_to(database, database.outside.process(), command_timeout)


Reading = Mapping[str, Any]
Waiting = Awaitable[None]
