"""Consumes topics with the order of each key kept, keys side by side, and offsets stored only after the effect.

One thread polls librdkafka and feeds the event loop. Each key of a partition is a lane: its messages are handled one after another,
lanes run beside each other up to a limit. A message that cannot be handled goes to `<topic>.<group>.dlq` after a few tries and its
lane goes on; while a dependency is away (Unavailable) the lane waits instead, since the message is not at fault.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaException, Message, TopicPartition
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from shop_kit import context
from shop_kit.errors import Invalid, Transient, Unavailable
from shop_kit.kafka import wire
from shop_kit.kafka.offsets import PartitionOffsets
from shop_kit.kafka.producer import Producer
from shop_kit.kafka.receiving import receive
from shop_kit.messages import Received, Subscription
from shop_kit.metrics import Metrics
from shop_kit.resilience.retry import Retry
from shop_kit.settings import KafkaSettings
from shop_kit.tracing import parent_span

_log = logging.getLogger(__name__)

BATCH = 200
POLL_SECONDS = 0.05
"""How late the polling thread may hear that the service stops. A message wakes it at once."""
LANES_AT_ONCE = 32
PAUSE_ABOVE, RESUME_BELOW = 1_000, 200
"""A partition with this many unfinished messages is read no further until it has caught up."""

_Partition = tuple[str, int]
_Lane = tuple[str, int, bytes | None]


class Consumer:
    """Feeds subscriptions from Kafka as member of a group."""

    def __init__(
        self,
        client: KafkaConsumer,
        *,
        group: str,
        subscriptions: Sequence[Subscription[Any]],
        dead_letters: Producer,
        metrics: Metrics,
        tracer: Tracer,
        poison_retry: Retry,
    ) -> None:
        self._client = client
        self._group = group
        self._subscriptions = {subscription.topic: subscription for subscription in subscriptions}
        self._dead_letters = dead_letters
        self._tracer = tracer
        self._poison_retry = poison_retry
        self._lanes: dict[_Lane, deque[Message]] = {}
        self._tasks: dict[_Lane, asyncio.Task[None]] = {}
        self._offsets: dict[_Partition, PartitionOffsets] = {}
        self._limits: dict[_Partition, asyncio.Semaphore] = {}
        self._paused: set[_Partition] = set()
        self._for_client: deque[Callable[[], object]] = deque()
        self._stopping = asyncio.Event()
        self._thread_stop = threading.Event()
        self._is_assigned = False
        self._handled = metrics.counter("shop_kafka_handled_total", "Messages handled, by outcome.", "topic", "outcome")
        self._seconds = metrics.histogram("shop_kafka_handling_seconds", "Time to handle a message, retries included.", "topic")
        metrics.gauge(
            "shop_kafka_in_flight", "Messages taken up and not finished.", lambda: float(sum(map(len, self._offsets.values())))
        )

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        settings: KafkaSettings,
        *,
        group: str,
        subscriptions: Sequence[Subscription[Any]],
        dead_letters: Producer,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
        poison_retry: Retry | None = None,
        drain_seconds: float = 5.0,
    ) -> AsyncIterator[Consumer]:
        """Consume in the block. At its end nothing new is taken up, what is under way may finish, and offsets are committed."""
        consumer = cls(
            KafkaConsumer(_configuration(settings, group), logger=_log),
            group=group,
            subscriptions=subscriptions,
            dead_letters=dead_letters,
            metrics=metrics or Metrics(),
            tracer=tracer or trace.get_tracer(__name__),
            poison_retry=poison_retry or Retry(attempts=5, first_seconds=0.1, cap_seconds=1.0),
        )
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=consumer._read, args=(loop,), name=f"kafka-consumer-{group}", daemon=True)
        thread.start()
        try:
            yield consumer
        finally:
            consumer._thread_stop.set()
            await asyncio.to_thread(thread.join)
            await consumer._drain(list(consumer._tasks), drain_seconds)
            consumer._tell_client()
            await asyncio.to_thread(consumer._client.close)

    async def check(self) -> None:
        """Return when the group has given this member its partitions. Raises Unavailable."""
        if not self._is_assigned:
            raise Unavailable("kafka", f"group {self._group} has not assigned partitions to this member yet")

    # Everything from here to `_store` runs in the polling thread.

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        def assigned(_client: KafkaConsumer, _partitions: list[TopicPartition]) -> None:
            self._is_assigned = True

        def revoked(_client: KafkaConsumer, partitions: list[TopicPartition]) -> None:
            gone = {(partition.topic, partition.partition) for partition in partitions}
            asyncio.run_coroutine_threadsafe(self._release(gone), loop).result()
            self._tell_client()

        self._client.subscribe(list(self._subscriptions), on_assign=assigned, on_revoke=revoked, on_lost=revoked)
        while not self._thread_stop.is_set():
            self._tell_client()
            # consume(n) alone would wait for n messages or its whole time-out: poll wakes at the first, consume takes what
            # came with it.
            first = self._client.poll(POLL_SECONDS)
            if first is None:
                continue
            batch = [first, *self._client.consume(BATCH - 1, 0)]
            asyncio.run_coroutine_threadsafe(self._admit(batch), loop).result()

    def _tell_client(self) -> None:
        """Do what the event loop has to tell the client.

        The client has one lock, which `poll` holds while it waits: a call from the loop would stop the service until a message
        comes.
        """
        while self._for_client:
            try:
                self._for_client.popleft()()
            except KafkaException as error:
                # An offset that is not stored only means that its message comes again.
                _log.info("the partition is not ours any more", extra={"reason": str(error)})

    # Everything from here on runs in the event loop.

    async def _admit(self, batch: list[Message]) -> None:
        for message in batch:
            error = message.error()
            if error is not None:
                _log.warning("kafka reported an error while consuming", extra={"reason": error.str(), "group": self._group})
                continue
            partition = _partition(message)
            self._offsets.setdefault(partition, PartitionOffsets()).begin(message.offset() or 0)
            lane = (*partition, message.key())
            self._lanes.setdefault(lane, deque()).append(message)
            if lane not in self._tasks:
                self._tasks[lane] = asyncio.create_task(self._run(lane))
            if len(self._offsets[partition]) > PAUSE_ABOVE and partition not in self._paused:
                self._paused.add(partition)
                self._for_client.append(partial(self._client.pause, [TopicPartition(*partition)]))

    async def _run(self, lane: _Lane) -> None:
        topic, number, _key = lane
        limit = self._limits.setdefault((topic, number), asyncio.Semaphore(LANES_AT_ONCE))
        waiting = self._lanes[lane]
        try:
            while waiting and not self._stopping.is_set():
                message = waiting.popleft()
                async with limit:
                    is_done = await self._handle(self._subscriptions[topic], message)
                if is_done:
                    self._store(message)
        finally:
            del self._tasks[lane]
            del self._lanes[lane]

    async def _handle(self, subscription: Subscription[Any], message: Message) -> bool:
        """True when the message has had its effect (or is with the dead letters), False when it was given up at the stop."""
        began = time.monotonic()
        headers = _headers(message)
        try:
            received = receive(
                subscription,
                value=message.value(),
                headers=headers,
                key=message.key(),
                partition=message.partition() or 0,
                offset=message.offset() or 0,
            )
        except wire.MalformedMessage as error:
            outcome = await self._bury(message, headers, reason=str(error), attempts=0)
        else:
            outcome = await self._take_effect(subscription, received, message)
        self._handled.add(subscription.topic, outcome)
        self._seconds.record(time.monotonic() - began, subscription.topic)
        return outcome != "given-up"

    async def _take_effect(self, subscription: Subscription[Any], received: Received[Any], message: Message) -> str:
        parent = parent_span(received.headers)
        with (
            context.bind(
                correlation_id=received.correlation_id, causation_id=received.id, order_id=getattr(received.event, "order_id", None)
            ),
            self._tracer.start_as_current_span(
                f"{received.type.rpartition('.')[2]} process",
                context=trace.set_span_in_context(parent) if parent else None,
                kind=SpanKind.CONSUMER,
                attributes={
                    "messaging.system": "kafka",
                    "messaging.destination.name": received.topic,
                    "messaging.consumer.group.name": self._group,
                    "messaging.message.id": received.id,
                },
            ) as span,
        ):
            context.mark_span(span)
            return await self._try_until_settled(subscription, received, message, span)

    async def _try_until_settled(
        self, subscription: Subscription[Any], received: Received[Any], message: Message, span: trace.Span
    ) -> str:
        waits = Retry(attempts=None, first_seconds=0.05, cap_seconds=2.0).delays()
        poison_waits = self._poison_retry.delays()
        attempts = 0
        while True:
            attempts += 1
            try:
                await subscription.handle(received)
            except Transient as error:
                _log.warning(
                    "a message waits for a dependency",
                    extra={"type": received.type, "message_id": received.id, "reason": str(error)},
                )
                wait = next(waits, None)
            except Invalid as error:
                span.set_status(Status(StatusCode.ERROR, str(error)))
                return await self._bury(message, received.headers, reason=f"{type(error).__name__}: {error}", attempts=attempts)
            except Exception as error:  # noqa: BLE001 - the edge of the worker: whatever a handler raises must not stop the partition
                reason = f"{type(error).__name__}: {error}"
                _log.exception(
                    "a message could not be handled", extra={"type": received.type, "message_id": received.id, "attempt": attempts}
                )
                span.set_status(Status(StatusCode.ERROR, reason))
                wait = next(poison_waits, None)
                if wait is None:
                    return await self._bury(message, received.headers, reason=reason, attempts=attempts)
            else:
                return "handled"
            if await self._stops_within(wait or 0.0):
                return "given-up"

    async def _bury(self, message: Message, headers: Mapping[str, str], *, reason: str, attempts: int) -> str:
        """Publish the record to the dead letters, byte for byte, with where it came from and why."""
        topic = f"{message.topic()}.{self._group}.dlq"
        why = {
            "dlq_topic": str(message.topic()),
            "dlq_partition": str(message.partition()),
            "dlq_offset": str(message.offset()),
            "dlq_attempts": str(attempts),
            "dlq_reason": reason[:1_000],
        }
        kept = [(name, value) for name, value in _raw_headers(message) if name not in why]
        waits = Retry.patient().delays()
        while True:
            try:
                await self._dead_letters.send_raw(topic, message.key(), message.value(), [*kept, *why.items()])
            except Transient as error:
                _log.warning("a dead letter could not be published", extra={"dead_letters": topic, "reason": str(error)})
                if await self._stops_within(next(waits)):
                    return "given-up"
            else:
                _log.error(
                    "a message went to the dead letters",
                    extra={"dead_letters": topic, "message_id": headers.get("ce_id"), "reason": reason},
                )
                return "dead-letter"

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True

    def _store(self, message: Message) -> None:
        partition = _partition(message)
        offsets = self._offsets.get(partition)
        if offsets is None:
            return  # revoked meanwhile: its new owner sees the message again, and its inbox knows it
        position = offsets.finish(message.offset() or 0)
        if position is not None:
            self._for_client.append(partial(self._client.store_offsets, offsets=[TopicPartition(*partition, position)]))
        if partition in self._paused and len(offsets) < RESUME_BELOW:
            self._paused.discard(partition)
            self._for_client.append(partial(self._client.resume, [TopicPartition(*partition)]))

    async def _release(self, partitions: set[_Partition]) -> None:
        lanes = [lane for lane in self._tasks if lane[:2] in partitions]
        for lane in lanes:
            self._lanes[lane].clear()
        await self._drain(lanes, 5.0, stop=False)
        for partition in partitions:
            self._offsets.pop(partition, None)
            self._paused.discard(partition)

    async def _drain(self, lanes: list[_Lane], seconds: float, *, stop: bool = True) -> None:
        """Let what is being handled finish within `seconds`; then cancel it: uncommitted, it will come again."""
        if stop:
            self._stopping.set()
        tasks = [self._tasks[lane] for lane in lanes if lane in self._tasks]
        if not tasks:
            return
        _done, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _configuration(settings: KafkaSettings, group: str) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "group.id": group,
        "client.id": group,
        "auto.offset.reset": "earliest",
        # Offsets are stored by hand after the effect; librdkafka commits what is stored twice a second and at the end.
        "enable.auto.offset.store": False,
        "auto.commit.interval.ms": 500,
        "partition.assignment.strategy": "cooperative-sticky",
        # A member that was killed must not hold its partitions for the default 45 s; 6 s is the broker's default minimum.
        "session.timeout.ms": 6_000,
        "heartbeat.interval.ms": 2_000,
        "socket.nagle.disable": True,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
        "allow.auto.create.topics": False,
    }
    if settings.shop_instance:
        # Static membership: a member that comes back under its name takes over at once, without waiting for any session to end.
        configuration["group.instance.id"] = f"{group}-{settings.shop_instance}"
    return configuration


def _headers(message: Message) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in _raw_headers(message) if value is not None}


def _raw_headers(message: Message) -> list[tuple[str, bytes | None]]:
    # The client types headers as it takes them; what it gives is a list of pairs.
    return cast("list[tuple[str, bytes | None]]", message.headers() or [])


def _partition(message: Message) -> _Partition:
    return message.topic() or "", message.partition() or 0
