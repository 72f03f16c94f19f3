"""Events in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

import asyncpg

from shop_kit.aggregates.deciding import Stale
from shop_kit.aggregates.memory import Memory
from shop_kit.event_sourcing.history import EventCodec, Fold, read_history
from shop_kit.inbox import AlreadyHandled
from shop_kit.inbox import postgres as inbox
from shop_kit.messages import OutgoingMessage
from shop_kit.outbox import postgres as outbox
from shop_kit.postgres import connection

if TYPE_CHECKING:
    from asyncpg import Pool

E = TypeVar("E")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class EventTable:
    """A table of events: its name, and that of its column for the aggregate's id. The others are called as in `postgres.sql`."""

    name: str = "events"
    key: str = "stream_id"

    def appending(self, *, stream: str, at: str, first: int, provided: str) -> str:
        """Return SQL that appends events, as a part of the statement with their other effects.

        Versions, kinds and bodies come in three arrays from parameter `$first` on; `stream` and `at` are SQL expressions for the
        aggregate and the moment. They are written when the part called `provided` has given its row.
        """
        versions, kinds, bodies = (f"${first + place}" for place in range(3))
        return f"""
    insert into {self.name} ({self.key}, version, kind, body, occurred_at)
    select {stream}, event.version, event.kind, event.body::jsonb, {at}
    from {provided} cross join unnest({versions}::integer[], {kinds}::text[], {bodies}::text[]) as event (version, kind, body)
    """  # noqa: S608  # nosec B608 # names and numbers of parameters

    def history(self, *, stream: str, after: str | None = None) -> str:
        """Return SQL for one row with the arrays `kinds`, `bodies` and `moments` of all events, or of those behind a version."""
        behind = f" and version > {after}" if after else ""
        return f"""
    select array_agg(kind order by version) as kinds, array_agg(body::text order by version) as bodies,
           array_agg(occurred_at order by version) as moments
    from {self.name} where {self.key} = {stream}{behind}
    """  # noqa: S608  # nosec B608 # names


def columns(codec: EventCodec[E], events: Sequence[E], *, after: int) -> tuple[list[int], list[str], list[str]]:
    """Return the three arrays for `EventTable.appending`: the events follow upon version `after`."""
    stored = [codec.store(event) for event in events]
    return [*range(after + 1, after + 1 + len(events))], [kind for kind, _ in stored], [body for _, body in stored]


@dataclass(frozen=True, slots=True)
class Snapshots(Generic[S]):
    """How states are kept so that long histories need not be read from their beginning.

    They pay when reading a snapshot is cheaper than reading the events behind it, which is from about 50 events on: an event costs
    4 microseconds to read back, a snapshot costs another row whenever one is due (`every` so many events). Short histories, like
    those of orders with their dozen events, need none. `form` counts up whenever the state is encoded in another way; snapshots of
    another form are not used.
    """

    encode: Callable[[S], bytes]
    decode: Callable[[bytes], S]
    every: int
    form: int = 1
    table: str = "snapshots"


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A state and the version that it stands at."""

    state: S
    version: int


class PostgresEventStore(Generic[S, E]):
    """Loads and appends histories of one kind of aggregate. Each write is one statement: events, messages, inbox, snapshot.

    What was loaded or written is remembered; a decision on memory that is out of date is found out when it is written (Stale).
    So use it in `decide_and_record`.
    """

    def __init__(
        self,
        pool: Pool[asyncpg.Record],
        *,
        codec: EventCodec[E],
        fold: Fold[S, E],
        relay: outbox.Relay,
        table: EventTable | None = None,
        snapshots: Snapshots[S] | None = None,
    ) -> None:
        self._pool = pool
        self._codec = codec
        self._fold = fold
        self._relay = relay
        self._table = table or EventTable()
        self._snapshots = snapshots
        self._memory: Memory[Loaded[S]] = Memory()
        self._select = self._selection()
        self._insert = self._insertion()

    async def load(self, stream_id: str, *, fresh: bool = False) -> Loaded[S] | None:
        """Return the aggregate as it is remembered, with `fresh` as it is stored; None when nothing has happened to it yet.

        Raises HistoryUnreadable.
        """
        known = None if fresh else self._memory.get(stream_id)
        return known or await self._read(stream_id)

    async def append(
        self,
        stream_id: str,
        before: Loaded[S] | None,
        events: Sequence[E],
        *,
        at: datetime,
        messages: Sequence[OutgoingMessage] = (),
        handling: str | None = None,
    ) -> Loaded[S]:
        """Append to what was loaded before (None: nothing), and send `messages`. Returns what the aggregate is then.

        Raises Stale when somebody else appended first, AlreadyHandled when the message `handling` had its effect before. Then
        nothing was written.
        """
        version = before.version if before else 0
        after = Loaded(self._fold(stream_id, before.state if before else None, [(e, at) for e in events]), version + len(events))
        parameters = (
            stream_id,
            at,
            *columns(self._codec, events, after=version),
            *outbox.columns(messages),
            handling,
            not self._relay.is_active,
            *self._snapshot(before, after),
        )
        self._memory.forget(stream_id)  # until this is known to be written
        try:
            async with connection(self._pool) as writer:
                ids = await writer.fetchval(self._insert, *parameters)
        except asyncpg.UniqueViolationError as twice:
            if twice.constraint_name == inbox.TAKEN_TWICE:
                raise AlreadyHandled(str(handling)) from twice
            raise Stale(f"{stream_id} is not at version {version} any more") from twice
        self._memory.keep(stream_id, after)
        self._relay.hand_over(ids, messages)
        return after

    async def _read(self, stream_id: str) -> Loaded[S] | None:
        async with connection(self._pool) as reader:
            row = await reader.fetchrow(self._select, stream_id, *((self._snapshots.form,) if self._snapshots else ()))
        if row is None:
            raise TypeError("a selection without a condition gives one row")
        kept = self._snapshots.decode(row["state"]) if self._snapshots and row["state"] is not None else None
        if row["kinds"] is None and kept is None:
            return None
        events = [*zip(row["kinds"] or (), row["bodies"] or (), row["moments"] or (), strict=True)]
        state = read_history(stream_id, events, codec=self._codec, fold=self._fold, since=kept)
        loaded = Loaded(state, (row["version"] or 0) + len(events))
        self._memory.keep(stream_id, loaded)
        return loaded

    def _snapshot(self, before: Loaded[S] | None, after: Loaded[S]) -> tuple[object, ...]:
        """Return the parameters of the snapshot: one is due whenever a multiple of `every` is passed."""
        if self._snapshots is None:
            return ()
        is_due = after.version // self._snapshots.every > (before.version if before else 0) // self._snapshots.every
        return (self._snapshots.encode(after.state) if is_due else None, after.version, self._snapshots.form)

    def _selection(self) -> str:
        if self._snapshots is None:
            return f"select 0 as version, null::bytea as state, history.* from ({self._table.history(stream='$1')}) as history"  # noqa: S608  # nosec B608 # names
        history = self._table.history(stream="$1", after="coalesce(kept.version, 0)")
        return f"""
        select kept.version, kept.state, history.*
        from (select) as one left join {self._snapshots.table} kept on kept.stream_id = $1 and kept.form = $2
             cross join lateral ({history}) as history
        """  # noqa: S608  # nosec B608 # names

    def _insertion(self) -> str:
        snapshot = ""
        if self._snapshots:
            table = self._snapshots.table
            snapshot = f""", kept as (
            insert into {table} as known (stream_id, version, form, state) select $1::text, $14, $15, $13 from once
            where $13::bytea is not null
            on conflict (stream_id) do update set version = excluded.version, form = excluded.form, state = excluded.state
            where known.version < excluded.version or known.form <> excluded.form
            )"""  # noqa: S608  # nosec B608 # names
        return f"""
        with once as (select), events as ({self._table.appending(stream="$1::text", at="$2::timestamptz", first=3, provided="once")}
        ), messages as ({outbox.insertion(first=6, provided="once")}
        ), taken as ({inbox.taking(parameter=11, provided="once")}){snapshot}
        select array(select id from messages order by id), case when $12::boolean then {outbox.WAKE} end
        """  # noqa: S608  # nosec B608 # names
