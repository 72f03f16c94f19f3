"""Keeps the generations of a projection up to date: the live one, and the one that is built beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import count

import asyncpg
from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import IsolationLevel, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it is public in its documentation

from shop_kit.errors import Transient, Unavailable
from shop_kit.kafka.client_thread import DaemonThread
from shop_kit.kafka.records import partition_of, text_headers
from shop_kit.metrics import Metrics
from shop_kit.parts import running
from shop_kit.postgres import connection, transaction
from shop_kit.projections.batch import Batch, Overtaken, Record
from shop_kit.projections.generations import Generation, Generations, State, see
from shop_kit.projections.projection import Projection
from shop_kit.resilience.retry import Retry
from shop_kit.settings import KafkaSettings

_log = logging.getLogger(__name__)

BATCH = 500
POLL_SECONDS = 0.2
CLOSE_SECONDS = 2.0
LOOK_EVERY_SECONDS = 2.0
"""How late a rebuild that another process asked for begins, a retired generation ends, and it is noted that all was read."""
METADATA_SECONDS = 5.0
LOOKS_BETWEEN_CLEANINGS = 30


class Projector:
    """Follows a projection's topics. Several may run at once, in several processes: each event still counts once."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        kafka: KafkaSettings,
        projection: Projection,
        metrics: Metrics,
        group: str | None = None,
    ) -> None:
        self._pool = pool
        self._group = group
        self._kafka = kafka
        self._projection = projection
        self._generations = Generations(pool, projection)
        self._wake = asyncio.Event()
        self._applied = metrics.counter("shop_projection_applied_total", "Events that took effect in a read model.", "projection")

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        pool: asyncpg.Pool[asyncpg.Record],
        kafka: KafkaSettings,
        projection: Projection,
        *,
        metrics: Metrics | None = None,
        group: str | None = None,
    ) -> AsyncIterator[Projector]:
        """Keep the read model up to date within the block; build it when there is none of its form.

        As `group` the live generation tells Kafka how far it is, for those who look at lags; nothing reads that again.
        """
        projector = cls(pool, kafka, projection, metrics or Metrics(), group)
        async with running(projector=projector._run):
            yield projector

    async def rebuild(self) -> None:
        """Begin to build the read model again from the beginning of its topics, beside the live one."""
        await self._generations.begin()
        self._wake.set()

    async def _run(self) -> None:
        followed: dict[int, asyncio.Task[None]] = {}
        await Retry.patient().run(lambda: self._generations.begin(unless_there=True))
        async with asyncio.TaskGroup() as group:
            for look in count():
                is_woken = self._wake.is_set()
                self._wake.clear()
                try:
                    await self._generations.begin(if_asked=True)
                    await self._follow_what_is_there(followed, group)
                    if is_woken or look % LOOKS_BETWEEN_CLEANINGS == 0:
                        await self._generations.remove_old()
                except Transient as error:
                    _log.warning("a projection waits", extra={"projection": self._projection.name, "reason": str(error)})
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_SECONDS):
                        await self._wake.wait()

    async def _follow_what_is_there(self, followed: dict[int, asyncio.Task[None]], group: asyncio.TaskGroup) -> None:
        current = {generation.number: generation for generation in await self._generations.current()}
        for number in followed.keys() - current.keys():
            followed.pop(number).cancel()
        for number in current.keys() - followed.keys():
            followed[number] = group.create_task(self._follow(current[number]))

    async def _follow(self, generation: Generation) -> None:
        """Read on with one generation, from where it is, until it is cancelled."""
        waits = Retry.patient().delays()
        while True:
            try:
                await self._read_on(generation)
            except Overtaken:
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            except asyncpg.UndefinedTableError:
                return  # it was removed: another has taken its place
            except (Transient, KafkaException) as error:
                _log.warning("a projection waits", extra={"projection": generation.schema, "reason": str(error)})
                await asyncio.sleep(next(waits))

    async def _read_on(self, generation: Generation) -> None:
        thread = DaemonThread(f"projection-{generation.schema}")
        admin = AdminClient(_connection(self._kafka, generation), logger=_log)
        client = KafkaConsumer(_configuration(self._kafka, generation, self._group), logger=_log)
        try:
            position = await self._position(generation, await thread.call(lambda: _partitions(client, self._projection)))
            await thread.call(lambda: client.assign(_offsets(position)))
            is_live = generation.state is State.LIVE
            look_again_at = 0.0
            told: dict[tuple[str, int], int] = {}
            while True:
                messages = await thread.call(lambda: client.consume(BATCH, POLL_SECONDS))
                records = _records(messages)
                if records:
                    await self._take(generation, records, position)
                if len(records) == BATCH or (is_live and _now() < look_again_at):
                    continue
                look_again_at = _now() + LOOK_EVERY_SECONDS
                if is_live and self._group and position != told:
                    told = {**position}
                    await thread.call(partial(client.commit, offsets=_offsets(told), asynchronous=True))
                asked_at = datetime.now(UTC)
                if not await _has_caught_up(admin, position):
                    continue
                await self._generations.note_current(generation, asked_at)
                if not is_live:
                    await self._generations.put_live(generation)
                    is_live = True
                    _log.info("a read model is live", extra={"projection": generation.schema})
                    self._wake.set()
        finally:
            closing = asyncio.create_task(thread.call(client.close))  # behind whatever the thread still does
            if not (await asyncio.wait({closing}, timeout=CLOSE_SECONDS))[0]:
                _log.warning("a projection's client is left behind", extra={"projection": generation.schema})
            thread.end()

    async def _position(self, generation: Generation, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return where to read on in each partition; one that is new is noted with its beginning."""
        position = dict.fromkeys(partitions, 0)
        async with transaction(self._pool) as writer:
            await see(writer, generation)
            await writer.executemany("INSERT INTO _offsets VALUES ($1, $2, 0) ON CONFLICT DO NOTHING", partitions)
            for row in await writer.fetch("SELECT topic, partition, next_offset FROM _offsets"):
                position[row["topic"], row["partition"]] = row["next_offset"]
        return position

    async def _take(self, generation: Generation, records: Sequence[Record], position: dict[tuple[str, int], int]) -> None:
        """Let records have their effect; when one of them cannot, find it and let all others. Then move on."""
        try:
            applied = await self._write(generation, Batch(self._projection, records, is_careful=False), position)
        except (Transient, Overtaken):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever `apply` raises: the second try tells which event it is
            _log.warning("a batch is taken event by event", extra={"projection": generation.schema, "reason": str(fault)})
            applied = await self._write(generation, Batch(self._projection, records, is_careful=True), position)
        position.update({(record.topic, record.partition): record.offset + 1 for record in records})
        self._applied.add(self._projection.name, by=applied)

    async def _write(self, generation: Generation, batch: Batch, position: dict[tuple[str, int], int]) -> int:
        async with transaction(self._pool) as writer:
            await see(writer, generation)
            await batch.take_effect(writer, position)
        return batch.applied

    async def held(self) -> int:
        """Return how many events are held in the live generation, for want of an earlier one or behind one without effect."""
        for generation in await self._generations.current():
            if generation.state is State.LIVE:
                async with connection(self._pool) as reader:
                    return int(await reader.fetchval(f"SELECT count(*) FROM {generation.schema}._held"))  # noqa: S608  # nosec B608 # a schema of ours
        return 0


def _now() -> float:
    return asyncio.get_running_loop().time()


def _offsets(position: Mapping[tuple[str, int], int]) -> list[TopicPartition]:
    return [TopicPartition(*each, offset) for each, offset in position.items()]


def _connection(settings: KafkaSettings, generation: Generation) -> dict[str, str | int | float | bool]:
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": generation.schema,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
    }


def _configuration(settings: KafkaSettings, generation: Generation, group: str | None) -> dict[str, object]:
    return {
        **_connection(settings, generation),
        "group.id": group or generation.schema,  # wanted by the client; where a generation has read to stands in its own tables
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
    }


def _partitions(client: KafkaConsumer, projection: Projection) -> list[tuple[str, int]]:
    found = []
    for feed in projection.feeds:
        topic = client.list_topics(feed.topic, timeout=METADATA_SECONDS).topics[feed.topic]
        if topic.error is not None or not topic.partitions:
            raise Unavailable("kafka", f"{feed.topic}: {topic.error or 'no partitions'}")
        found += [(feed.topic, number) for number in topic.partitions]
    return found


async def _has_caught_up(admin: AdminClient, position: Mapping[tuple[str, int], int]) -> bool:
    """Return whether everything that stands in the topics now was read.

    Asked on a connection of its own: on the consumer's each question waits behind a fetch, half a second for each partition.
    """
    earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
    first, end = await asyncio.gather(_offsets_at(admin, position, earliest), _offsets_at(admin, position, latest))
    return all(offset >= end[partition] or first[partition] == end[partition] for partition, offset in position.items())


async def _offsets_at(admin: AdminClient, partitions: Iterable[tuple[str, int]], where: OffsetSpec) -> dict[tuple[str, int], int]:
    asked = admin.list_offsets(
        {TopicPartition(*partition): where for partition in partitions},
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=METADATA_SECONDS,
    )
    return {(one.topic, one.partition): (await asyncio.wrap_future(answer)).offset for one, answer in asked.items()}


def _records(messages: Sequence[Message]) -> list[Record]:
    records = []
    for message in messages:
        if (error := message.error()) is not None:
            raise Unavailable("kafka", error.str())
        topic, partition = partition_of(message)
        records.append(Record(topic, partition, message.offset() or 0, message.key(), message.value(), text_headers(message)))
    return records
