"""The log on Kafka: a compacted topic of one partition, followed by a thread of its own and written to by another."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from shop_contracts.registry.kafka_topic import end_of, ensure_topic
from shop_contracts.registry.kafka_writer import FencedWriter, KafkaLogSettings
from shop_contracts.registry.log import Superseded, Unavailable
from shop_contracts.registry.records import Record

logger = logging.getLogger(__name__)

_T = TypeVar("_T")


class KafkaLog:
    """See `shop_contracts.registry.log.Log`."""

    def __init__(self, settings: KafkaLogSettings) -> None:
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._apply: Callable[[Sequence[Record]], None] = lambda _: None
        self._stopping = threading.Event()
        self._writer = FencedWriter(settings, self._stopping)
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._is_leading = False
        self._position = 0
        self._end_at_start = 0
        self._applied_ahead: set[int] = set()
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
        # Daemons: they may sit in a call to Kafka, which would hold up the end of the process while Kafka is away.
        threading.Thread(target=self._read, name="registry-reader", daemon=True).start()
        threading.Thread(target=self._work, name="registry-writer", daemon=True).start()
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
        if not self._wait_for_topic():
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
        batch: list[tuple[int, Record]] = []
        position, at_end = -1, False
        for message in messages:
            error = message.error()
            if error is None:
                key, value, headers = message.key(), message.value(), message.headers() or []
                offset = message.offset() or 0
                if key is not None:
                    batch.append((offset, Record(key, value, tuple(headers))))  # type: ignore[arg-type]  # bytes, as nothing decodes them
                position, at_end = offset + 1, False
            elif error.code() == KafkaError._PARTITION_EOF:
                position, at_end = message.offset() or 0, True
            elif not error.retriable():
                logger.warning("reading the schemas topic failed; trying on", extra={"error": str(error)})
        if position >= 0:
            self._on_loop(self._advance, batch, position, at_end)

    def _advance(self, batch: list[tuple[int, Record]], position: int, at_end: bool) -> None:
        fresh = [record for offset, record in batch if offset not in self._applied_ahead]
        self._applied_ahead.difference_update(offset for offset, _ in batch)
        if fresh:
            self._apply(fresh)
        self._position = max(self._position, position)
        self._records_read += len(batch)
        if at_end and position >= self._end_at_start:
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

    def _wait_for_topic(self) -> bool:
        """Have the topic, and know where it ends; False when the registry is stopping."""
        admin = AdminClient(
            {"bootstrap.servers": self._settings.bootstrap_servers, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100},
            logger=logger,
        )
        while not self._stopping.is_set():
            try:
                admin.list_topics(self._settings.topic, timeout=2)
                self._on_loop(self._broker_answers.set)
                self.failure = ensure_topic(admin, self._settings.topic)
                self._end_at_start = end_of(admin, self._settings.topic)
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

    # -- writing

    async def lead(self) -> None:
        async with self._taking_over:
            if self._is_leading:
                return
            await self._in_thread(self._writer.take_over)
            await self._until(self._topic_is_there)
            # What another process wrote before is in front of this record, and behind it nobody else can write.
            await self._until_applied(await self._in_thread(self._writer.confirm))
            self._is_leading = self.has_led = True
            self._note_caught_up()

    async def append(self, records: Sequence[Record]) -> None:
        try:
            offsets = await self._in_thread(self._writer.write, records)
        except (Superseded, Unavailable):
            self._is_leading = False
            raise
        # Not read back first: that waits for the markers behind the records. The reader passes over what is applied here.
        ahead = [(offset, record) for offset, record in zip(offsets, records, strict=True) if offset >= self._position]
        self._applied_ahead.update(offset for offset, _ in ahead)
        self._apply([record for _, record in ahead])

    async def _in_thread(self, call: Callable[..., _T], *arguments: Any) -> _T:
        """Let the writer's thread make a call that blocks."""
        outcome: asyncio.Future[_T] = asyncio.get_running_loop().create_future()

        def settle(set_it: Callable[[Any], None], value: object) -> None:
            if not outcome.done():
                set_it(value)

        def work() -> None:
            try:
                result = call(*arguments)
            except Exception as error:  # noqa: BLE001 - not ended here: whoever waits gets it
                self._on_loop(settle, outcome.set_exception, error)
            else:
                self._on_loop(settle, outcome.set_result, result)

        self._calls.put(work)
        return await outcome

    def _work(self) -> None:
        while True:
            self._calls.get()()

    async def close(self) -> None:
        # Nothing is lost with the threads, so nobody waits for them.
        self._stopping.set()
        if self._warming is not None:
            self._warming.cancel()
