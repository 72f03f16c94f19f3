"""One batch of records: their effects, how far they were read and what is known of their keys, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from shop_kit import wire
from shop_kit.errors import Transient
from shop_kit.kafka.receiving import receive
from shop_kit.messages import Received
from shop_kit.postgres import AWAY, CONTENDED
from shop_kit.projections.guard import KeyHistory
from shop_kit.projections.projection import Feed, Projection

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

_log = logging.getLogger(__name__)
_HEADERS = msgspec.json.Decoder(dict[str, str])

Key = tuple[str, str, str]
"""Source, topic and key: what has sequence numbers of its own."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of Kafka, as it is held."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]


SAVE_KEYS = """
INSERT INTO _keys AS known SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
ON CONFLICT (source, topic, key) DO UPDATE
SET last_sequence = excluded.last_sequence, stuck_because = coalesce(known.stuck_because, excluded.stuck_because)
"""


@dataclass(frozen=True, slots=True)
class _Turn:
    """An event whose turn it is among those of its key."""

    key: Key
    history: KeyHistory[Record]
    sequence: int
    event: Received[Any]


class Overtaken(Exception):
    """Another process has read on with this generation: this one begins again where that one is."""


@dataclass
class Batch:
    """Records in the order they came. `is_careful` when it is known that one of them cannot take effect: then it is found."""

    projection: Projection
    records: Sequence[Record]
    is_careful: bool

    def __post_init__(self) -> None:
        self._feeds: dict[str, Feed] = {feed.topic: feed for feed in self.projection.feeds}
        self._keys: dict[Key, KeyHistory[Record]] = {}
        self._stuck: dict[Key, str] = {}
        self.applied = 0

    async def take_effect(self, connection: Connection, begun_at: Mapping[tuple[str, int], int]) -> None:
        """Let all records have their effect through a connection that sees the generation's tables.

        `begun_at` is where each partition's records begin. Raises Overtaken, and whatever `apply` raises.
        """
        await self._move_on(connection, begun_at)
        received = [one for one in [await self._receive(connection, record) for record in self.records] if one is not None]
        await self._load_keys(connection, [_key_of(one) for one, _ in received])
        known = {key: set(history.held) for key, history in self._keys.items()}
        if self.is_careful:
            await self._apply_one_by_one(connection, received)
        else:
            await self._apply_at_once(connection, received)
        await self._save_keys(connection, known)

    async def _move_on(self, connection: Connection, begun_at: Mapping[tuple[str, int], int]) -> None:
        ends = {(record.topic, record.partition): record.offset + 1 for record in self.records}
        for (topic, partition), end in ends.items():
            moved = await connection.execute(
                "INSERT INTO _offsets AS known VALUES ($1, $2, $3) ON CONFLICT (topic, partition)"
                " DO UPDATE SET next_offset = excluded.next_offset WHERE known.next_offset = $4",
                topic,
                partition,
                end,
                begun_at[topic, partition],
            )
            if moved != "INSERT 0 1":
                raise Overtaken

    async def _receive(self, connection: Connection, record: Record) -> tuple[Received[Any], Record] | None:
        try:
            return self._read(record), record
        except wire.MalformedMessage as fault:
            _log.error("a record cannot be read and is left out", extra={"topic": record.topic, "reason": str(fault)})
            await connection.execute(
                "INSERT INTO _unreadable VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                record.topic,
                record.partition,
                record.offset,
                str(fault),
            )
            return None

    def _read(self, record: Record) -> Received[Any]:
        return receive(
            self._feeds[record.topic].subscription(),
            value=record.value,
            headers=record.headers,
            key=record.key,
            partition=record.partition,
            offset=record.offset,
        )

    async def _load_keys(self, connection: Connection, keys: Sequence[Key]) -> None:
        columns = [[*column] for column in zip(*dict.fromkeys(keys), strict=True)] or [[], [], []]
        wanted = "(source, topic, key) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))"
        for key in keys:
            self._keys.setdefault(key, KeyHistory(self._feeds[key[1]].is_gapless))
        for row in await connection.fetch(f"SELECT * FROM _keys WHERE {wanted}", *columns):  # noqa: S608  # nosec B608 # a constant
            history = self._keys[row["source"], row["topic"], row["key"]]
            history.last, history.is_stuck = row["last_sequence"], row["stuck_because"] is not None
        for row in await connection.fetch(f"SELECT * FROM _held WHERE {wanted}", *columns):  # noqa: S608  # nosec B608 # a constant
            held = Record(
                row["topic"],
                row["partition"],
                row["offset"],
                row["key"].encode(),
                row["value"],
                _HEADERS.decode(row["headers"]),
            )
            self._keys[row["source"], row["topic"], row["key"]].held[row["sequence"]] = held

    async def _apply_at_once(self, connection: Connection, received: Sequence[tuple[Received[Any], Record]]) -> None:
        """Let all whose turn it is have their effect together."""
        due: list[Received[Any]] = []
        for turn in self._turns(received):
            due.append(turn.event)
            turn.history.took_effect(turn.sequence)
        if due:
            await self.projection.apply(connection, due)
        self.applied += len(due)

    async def _apply_one_by_one(self, connection: Connection, received: Sequence[tuple[Received[Any], Record]]) -> None:
        """Let each have its effect by itself, and find those that cannot."""
        for turn in self._turns(received):
            await self._apply(connection, turn)

    def _turns(self, received: Sequence[tuple[Received[Any], Record]]) -> Iterator[_Turn]:
        """Yield what is due, for each key in its order; before the next is asked for, this one took effect or its key is stuck."""
        for one, record in received:
            key = _key_of(one)
            history = self._keys[key]
            history.arrive(one.sequence, record)
            while (turn := history.next()) is not None:
                sequence, due = turn
                yield _Turn(key, history, sequence, one if due is record else self._read(due))

    async def _apply(self, connection: Connection, turn: _Turn) -> None:
        try:
            async with connection.transaction():  # a savepoint: what fails here leaves the others as they are
                await self.projection.apply(connection, [turn.event])
        except (Transient, *AWAY, *CONTENDED):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever `apply` raises: this event is the one that cannot take effect
            turn.history.is_stuck = True
            self._stuck[turn.key] = f"{type(fault).__name__}: {fault}"
            _, topic, key = turn.key
            _log.exception("an event has no effect, and what follows it is held", extra={"topic": topic, "key": key})
        else:
            turn.history.took_effect(turn.sequence)
            self.applied += 1

    async def _save_keys(self, connection: Connection, known: Mapping[Key, set[int]]) -> None:
        keys = [(*key, history.last, self._stuck.get(key)) for key, history in self._keys.items()]
        if keys:
            await connection.execute(SAVE_KEYS, *([*column] for column in zip(*keys, strict=True)))
        came = [
            (*key, sequence, record.partition, record.offset, record.value, msgspec.json.encode(dict(record.headers)).decode())
            for key, history in self._keys.items()
            for sequence, record in history.held.items()
            if sequence not in known[key]
        ]
        went = [(*key, sequence) for key, history in self._keys.items() for sequence in known[key] - set(history.held)]
        if came:
            await connection.executemany("INSERT INTO _held VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", came)
        if went:
            await connection.executemany("DELETE FROM _held WHERE source = $1 AND topic = $2 AND key = $3 AND sequence = $4", went)


def _key_of(received: Received[Any]) -> Key:
    return (received.source, received.topic, received.key)
