"""The log on Kafka: a compacted topic of one partition, written in transactions under one transactional id.

Kafka lets only the newest holder of a transactional id commit. That makes it the lock between registries: whoever calls
`init_transactions` takes over, and the one before learns of it when its next commit is refused.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from shop_contracts.registry import records
from shop_contracts.registry.log import Superseded, TooLarge, Unavailable
from shop_contracts.registry.records import Record

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

_FENCED = {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}


MAX_RECORD_BYTES = 999_000
"""A little under the client's `message.max.bytes`, which is under the broker's; refused before it ends a transaction."""


@dataclass(frozen=True)
class KafkaLogSettings:
    """Where the log is. `timeout_seconds` is the longest that one write may take before it counts as failed."""

    bootstrap_servers: str
    topic: str = "_schemas"
    timeout_seconds: float = 8.0


class KafkaLog:
    """See `shop_contracts.registry.log.Log`."""

    def __init__(self, settings: KafkaLogSettings) -> None:
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._apply: Callable[[Sequence[Record]], None] = lambda _: None
        self._stopping = threading.Event()
        self._producer: Producer | None = None
        self._is_leading = False
        self._position = 0
        self._records_read = 0
        self._reading_since = 0.0
        self._advanced = asyncio.Event()
        self._broker_answers = asyncio.Event()
        self._topic_is_there = asyncio.Event()
        self._taking_over = asyncio.Lock()
        self._warming: asyncio.Task[None] | None = None
        self.is_caught_up = False
        self.has_led = False
        self.failure: str | None = None

    # -- reading

    async def start(self, apply: Callable[[Sequence[Record]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._apply = apply
        threading.Thread(target=self._read, name="registry-reader", daemon=True).start()
        self._warming = asyncio.create_task(self._warm_up())

    async def _warm_up(self) -> None:
        """Become the writer ahead of the first change: on a broker that just started its coordinator may take a second."""
        await self._broker_answers.wait()
        while not self._stopping.is_set() and not self.has_led:
            try:
                await self.lead()
            except (Superseded, Unavailable) as error:
                logger.info("cannot write to Kafka yet", extra={"reason": str(error)})
                await asyncio.sleep(0.1)

    def _read(self) -> None:
        """Make the topic if need be, then follow it to the end of the process. Runs in a thread of its own."""
        if not self._ensure_topic():
            return
        self._reading_since = time.monotonic()
        consumer = Consumer(
            {
                "bootstrap.servers": self._settings.bootstrap_servers,
                "group.id": "shop-registry",  # required by the client; nothing is ever committed under it
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "reconnect.backoff.max.ms": 500,
                "fetch.error.backoff.ms": 100,
            },
            logger=logger,
        )
        # The number, not OFFSET_BEGINNING: looking that up costs the client half a second. If it is gone, "earliest" counts.
        consumer.assign([TopicPartition(self._settings.topic, 0, 0)])
        try:
            while not self._stopping.is_set():
                first = consumer.poll(0.2)
                if first is not None:
                    self._take([first, *consumer.consume(5_000, 0)])
        finally:
            consumer.close()

    def _take(self, messages: list[Message]) -> None:
        batch: list[Record] = []
        position, at_end = -1, False
        for message in messages:
            error = message.error()
            if error is None:
                key, value, headers = message.key(), message.value(), message.headers() or []
                if key is not None:
                    batch.append(Record(key, value, tuple(headers)))  # type: ignore[arg-type]  # bytes, as nothing decodes them
                position = (message.offset() or 0) + 1
                at_end = False
            elif error.code() == KafkaError._PARTITION_EOF:
                position, at_end = message.offset() or 0, True
            elif not error.retriable():
                logger.warning("reading the schemas topic failed; trying on", extra={"error": str(error)})
        if position >= 0:
            self._on_loop(self._advance, batch, position, at_end)

    def _advance(self, batch: list[Record], position: int, at_end: bool) -> None:
        if batch:
            self._apply(batch)
        self._position = max(self._position, position)
        self._records_read += len(batch)
        if at_end:
            self._note_caught_up()
        self._advanced.set()

    def _note_caught_up(self) -> None:
        if not self.is_caught_up:
            self.is_caught_up = True
            seconds = round(time.monotonic() - self._reading_since, 3)
            logger.info("read the state", extra={"records": self._records_read, "seconds": seconds})

    def _on_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    async def _until(self, happened: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                await happened.wait()
        except TimeoutError as error:
            raise Unavailable(f"the topic {self._settings.topic} did not answer in time") from error

    async def _until_applied(self, offset: int) -> None:
        while self._position <= offset:
            self._advanced.clear()
            await self._until(self._advanced)

    # -- the topic

    def _ensure_topic(self) -> bool:
        """Make the topic or check the one that is there; False when it cannot be used or the registry is stopping."""
        from confluent_kafka.admin import AdminClient

        admin = AdminClient(
            {"bootstrap.servers": self._settings.bootstrap_servers, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100},
            logger=logger,
        )
        while not self._stopping.is_set():
            try:
                known = admin.list_topics(self._settings.topic, timeout=2).topics.get(self._settings.topic)
                self._on_loop(self._broker_answers.set)
                if known is None or known.error is not None or not known.partitions:
                    self._create_topic(admin)
                    continue
                self.failure = self._unusable(admin, len(known.partitions))
            except KafkaException as error:
                logger.debug("Kafka does not answer yet", extra={"error": str(error)})
                self._stopping.wait(0.05)
                continue
            if self.failure is None:
                self._on_loop(self._topic_is_there.set)
                return True
            logger.error(self.failure)
            self._stopping.wait(5)
        return False

    def _create_topic(self, admin: Any) -> None:
        from confluent_kafka.cimpl import NewTopic

        topic = NewTopic(self._settings.topic, num_partitions=1, replication_factor=-1, config={"cleanup.policy": "compact"})
        for made in admin.create_topics([topic], operation_timeout=2, request_timeout=5).values():
            try:
                made.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise

    def _unusable(self, admin: Any, partitions: int) -> str | None:
        from confluent_kafka.admin._config import ConfigResource

        topic = self._settings.topic
        if partitions != 1:
            return f"The topic {topic} has {partitions} partitions; schemas need one, or their order is lost. Use another topic."
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        configs = admin.describe_configs([resource], request_timeout=5)[resource].result()
        policy = configs["cleanup.policy"].value
        if policy != "compact":
            return (
                f"The topic {topic} has cleanup.policy={policy}: Kafka would delete schemas in time. "
                f"Set it to compact: kafka-configs --alter --topic {topic} --add-config cleanup.policy=compact"
            )
        return None

    # -- writing

    async def lead(self) -> None:
        async with self._taking_over:
            if self._is_leading:
                return
            await self._in_thread(self._take_over)
            await self._until(self._topic_is_there)
            # What another process wrote before is in front of this record, and behind it nobody else can write.
            await self._commit([records.barrier_record()])
            self._is_leading = self.has_led = True
            self._note_caught_up()

    async def append(self, records: Sequence[Record]) -> None:
        largest = max(len(record.key) + len(record.value or b"") for record in records)
        if largest > MAX_RECORD_BYTES:
            raise TooLarge(f"a record of {largest:,} bytes; {MAX_RECORD_BYTES:,} are allowed")
        await self._commit(records)

    async def _commit(self, batch: Sequence[Record]) -> None:
        try:
            last_offset = await self._in_thread(self._write, batch)
            await self._until_applied(last_offset)
        except (Superseded, Unavailable):
            self._is_leading = False
            raise

    async def _in_thread(self, call: Callable[..., _T], *arguments: Any) -> _T:
        """Run a call that blocks. In a daemon thread: an executor's would hold up the end of the process while Kafka is away."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[_T] = loop.create_future()

        def settle(set_it: Callable[[Any], None], value: object) -> None:
            if not outcome.done():
                set_it(value)

        def work() -> None:
            try:
                result = call(*arguments)
            except (Superseded, Unavailable) as error:
                self._on_loop(settle, outcome.set_exception, error)
            else:
                self._on_loop(settle, outcome.set_result, result)

        threading.Thread(target=work, name="registry-writer", daemon=True).start()
        return await outcome

    def _take_over(self) -> None:
        """Fence whoever wrote before."""
        deadline = time.monotonic() + self._settings.timeout_seconds
        # The client asks a coordinator that is still loading again after half a second; a new client asks at once.
        reason = "the registry is stopping"
        for patience in (*[0.15] * 6, 0.5, 1.0, None):
            if self._stopping.is_set():
                break
            producer = self._make_producer()
            try:
                producer.init_transactions(max(0.1, deadline - time.monotonic()) if patience is None else patience)
            except KafkaException as error:
                reason = error.args[0].str()
            else:
                self._producer = producer
                return
        raise Unavailable(f"Kafka did not let this registry become the writer: {reason}")

    def _make_producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._settings.bootstrap_servers,
                "transactional.id": f"shop-registry-{self._settings.topic}",
                "transaction.timeout.ms": 10_000,
                "linger.ms": 0,
                "reconnect.backoff.ms": 20,
                "reconnect.backoff.max.ms": 500,
                "retry.backoff.ms": 20,
                "retry.backoff.max.ms": 500,
            },
            logger=logger,
        )

    def _write(self, batch: Sequence[Record]) -> int:
        """Commit the records in one transaction; returns the offset of the last."""
        if self._producer is None:
            raise Superseded("this process is not the writer")
        producer, offsets = self._producer, []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                offsets.append(message.offset() or 0)

        try:
            producer.begin_transaction()
            for record in batch:
                producer.produce(
                    self._settings.topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    partition=0,
                    on_delivery=delivered,
                )
            producer.commit_transaction(self._settings.timeout_seconds)
        except KafkaException as failure:
            self._give_up(producer)
            error = failure.args[0]
            if error.code() in _FENCED:
                raise Superseded(error.str()) from failure
            raise Unavailable(error.str()) from failure
        return max(offsets)

    def _give_up(self, producer: Producer) -> None:
        """Leave the transaction to the next take-over, which ends it one way or the other."""
        self._producer = None
        producer.purge(in_flight=True, in_queue=True, blocking=False)

    async def close(self) -> None:
        # The threads are daemons and may sit in a call to Kafka; nothing is lost with them, so nobody waits for them.
        self._stopping.set()
        if self._warming is not None:
            self._warming.cancel()
