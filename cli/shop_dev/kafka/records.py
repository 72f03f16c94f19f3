"""Records of a topic as people read them: the newest, those of a key, those that are still to come."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop_kit.errors import Unavailable
from shop_kit.kafka.reading import SECONDS, bounds, follow, offsets_at, reading, scan
from shop_kit.kafka.records import partition_of, text_headers

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.kafka.away import away
from shop_dev.kafka.schemas import NotOfThisSchema, SchemaNotThere, Schemas
from shop_dev.near import nearest

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message


@dataclass(frozen=True)
class Record:
    """One record. `at` is seconds since the epoch. `content` is in JSON's types; None with a `fault`, which says why."""

    topic: str
    partition: int
    offset: int
    at: float
    key: str | None
    headers: Mapping[str, str]
    schema_id: int | None
    schema_kind: str | None
    content: object
    fault: str | None = None

    @property
    def is_deletion(self) -> bool:
        """True for a record without a value: in a compacted topic it removes its key."""
        return self.content is None and self.fault is None and self.schema_id is None


Condition = Callable[[Record], bool]


class Topics:
    """The topics of one Kafka, decoded with the schemas of one registry. Methods raise ShopDevError (topic_unknown, kafka_away)."""

    def __init__(self, servers: str, registry_url: str) -> None:
        self.servers = servers
        self.schemas = Schemas(registry_url)

    def newest(self, topic: str, count: int, *, matching: Condition, since: float | None = None) -> list[Record]:
        """Return the newest `count` records that match, oldest first; none from before `since` (seconds since the epoch)."""
        try:
            with reading(self.servers) as client:
                return self._newest(client, topic, count, matching, since)
        except Unavailable as error:
            raise away(error) from error

    def coming(self, topic: str, *, matching: Condition, since: float | None = None) -> Iterator[Record]:
        """Give records that match as they come, from `since` on where it is given. Without end."""
        try:
            with reading(self.servers) as client:
                ends = {number: end for number, (_, end) in self._bounds(client, topic).items()}
                starts = offsets_at(client, topic, [*ends], since) if since is not None else {}
                first = {(topic, number): at if (at := starts.get(number)) is not None else end for number, end in ends.items()}
                yield from filter(matching, map(self.decoded, follow(client, first)))
        except Unavailable as error:
            raise away(error) from error

    def decoded(self, message: Message) -> Record:
        """Return a record as its own schema reads it."""
        value = message.value()
        schema_id = schema_kind = fault = None
        content: object = None
        if value is not None:
            try:
                schema = self.schemas.of_value(value)
                if schema is None:
                    content = _without_schema(value)
                else:
                    schema_id, schema_kind = schema.id, schema.kind
                    content = schema.read(value)
            except (SchemaNotThere, NotOfThisSchema) as error:
                fault = str(error)
        topic, partition = partition_of(message)
        key = message.key()
        return Record(
            topic=topic,
            partition=partition,
            offset=message.offset() or 0,
            at=message.timestamp()[1] / 1000,
            key=None if key is None else _text(key),
            headers=text_headers(message),
            schema_id=schema_id,
            schema_kind=schema_kind,
            content=content,
            fault=fault,
        )

    def _newest(self, client: Consumer, topic: str, count: int, matching: Condition, since: float | None) -> list[Record]:
        limits = self._bounds(client, topic)
        floors = {number: begin for number, (begin, _) in limits.items()}
        if since is not None:
            starts = offsets_at(client, topic, [*limits], since)
            floors = {number: limits[number][1] if (at := starts[number]) is None else at for number in limits}
        left = {number: end for number, (_, end) in limits.items()}
        found: dict[int, list[Record]] = {number: [] for number in limits}
        step = count
        while left := {number: end for number, end in left.items() if end > floors[number] and len(found[number]) < count}:
            begins = {number: max(floors[number], end - step) for number, end in left.items()}
            ranges = {(topic, number): (begins[number], end) for number, end in left.items()}
            for record in filter(matching, map(self.decoded, scan(client, ranges))):
                found[record.partition].append(record)
            left, step = begins, step * 4
        everything = itertools.chain.from_iterable(found.values())
        return heapq.nlargest(count, everything, key=lambda record: (record.at, record.partition, record.offset))[::-1]

    def _bounds(self, client: Consumer, topic: str) -> dict[int, tuple[int, int]]:
        found = bounds(client, topic)
        if not found:
            raise unknown_topic(topic, client.list_topics(timeout=SECONDS).topics)
        return found


def unknown_topic(topic: str, known: Iterable[str]) -> ShopDevError:
    """Return the refusal of a topic that is not there, with the one that was meant; Kafka's own are meant by nobody."""
    meant = nearest(topic, (name for name in known if not name.startswith("__")))
    return ShopDevError(CliCode.TOPIC_UNKNOWN, f"There is no topic {topic}." + (f" Did you mean {meant}?" if meant else ""))


def _without_schema(value: bytes) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return _text(value)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "0x" + data.hex()
