"""Consumes topics with the order of each key kept, keys side by side, and offsets stored only after the effect.

One thread polls librdkafka and feeds the event loop. Each key of a partition is a lane: its messages are handled one after another,
lanes run beside each other up to a limit. What becomes of a message that fails is `shop_kit.kafka.handling`'s to decide; a lane
whose message waits takes no place from the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaException, Message, TopicPartition
from opentelemetry import trace
from opentelemetry.trace import Tracer

from shop_kit.errors import KitError, Unavailable
from shop_kit.kafka.client_thread import ClientThread, DaemonThread
from shop_kit.kafka.dead_letters import DeadLetters, RawProducer, topic_of
from shop_kit.kafka.handling import Failing, MessageHandler, Outcome, Patience
from shop_kit.kafka.letters import REDRIVE
from shop_kit.kafka.offsets import PartitionOffsets
from shop_kit.kafka.records import Partition, ends_client, partition_of, text_headers
from shop_kit.messages import Subscription
from shop_kit.metrics import Metrics
from shop_kit.parts import Parts, running
from shop_kit.settings import KafkaSettings

_log = logging.getLogger(__name__)

BATCH = 200
POLL_SECONDS = 0.05
"""How late the polling thread may hear that the service stops. A message wakes it at once."""
POLLS_A_CALL = 10
"""Polls that find nothing before the loop is told that the thread lives: waking it for each costs more than the poll."""
SILENT_SECONDS = 10.0
"""A polling thread that was not heard of for so long hangs: its partitions are not read."""
LANES_AT_ONCE = 32
PAUSE_ABOVE, RESUME_BELOW = 1_000, 200
"""A partition with this many unfinished messages is read no further until it has caught up."""
LONGEST_SPAN = 20_000
"""Nor is one with this many messages behind its oldest unfinished one: all of them come again after a crash."""
RELEASE_SECONDS = 5.0
"""How long what is being handled may take when its partition goes to another member."""

_LaneId = tuple[str, int, bytes | None]


class SubscribedTwice(KitError):
    """Two subscriptions name one topic, of which only one would get its messages."""


@dataclass
class _Held:
    """A partition that this member reads: how far it is, and what bounds the work on it."""

    offsets: PartitionOffsets = field(default_factory=PartitionOffsets)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LANES_AT_ONCE))
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    is_paused: bool = False


@dataclass
class _Lane:
    """Messages of one key that wait for their turn, and since when they fail."""

    messages: deque[Message] = field(default_factory=deque)
    failing: Failing = field(default_factory=Failing)


class Consumer:
    """Feeds subscriptions from Kafka as member of a group."""

    def __init__(
        self,
        client: KafkaConsumer,
        thread: ClientThread,
        *,
        group: str,
        subscriptions: Sequence[Subscription[Any]],
        dead_letters: RawProducer,
        metrics: Metrics,
        tracer: Tracer,
        patience: Patience,
    ) -> None:
        self._client = client
        self._thread = thread
        self._group = group
        self._subscriptions = _by_topic(subscriptions)
        self._sent_back = {topic_of(one.topic, group): one for one in subscriptions if one.dead_letters}
        """Subscriptions by the topic of their own dead letters, from which comes what was sent back to this group alone."""
        self._handler = MessageHandler(
            group=group, dead_letters=DeadLetters(dead_letters, group=group), tracer=tracer, patience=patience
        )
        self._lanes: dict[_LaneId, _Lane] = {}
        self._tasks: dict[_LaneId, asyncio.Task[None]] = {}
        self._parts: Parts | None = None
        self._held: dict[Partition, _Held] = {}
        self._for_client: deque[Callable[[], object]] = deque()
        self._stopping = asyncio.Event()
        self._assigned: set[Partition] | None = None
        self._polled_at = float("-inf")
        self._handled = metrics.counter("shop_kafka_handled_total", "Messages handled, by outcome.", "topic", "outcome")
        self._seconds = metrics.histogram("shop_kafka_handling_seconds", "Time to handle a message, retries included.", "topic")
        metrics.gauge(
            "shop_kafka_in_flight",
            "Messages taken up and not finished.",
            lambda: float(sum(held.offsets.unfinished for held in self._held.values())),
        )

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        settings: KafkaSettings,
        *,
        group: str,
        subscriptions: Sequence[Subscription[Any]],
        dead_letters: RawProducer,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
        patience: Patience | None = None,
        drain_seconds: Callable[[], float] = lambda: 5.0,
    ) -> AsyncIterator[Consumer]:
        """Consume in the block. At its end nothing new is taken up, what is under way may finish, and offsets are committed.

        Raises SubscribedTwice.
        """
        consumer = cls(
            KafkaConsumer(_configuration(settings, group), logger=_log),
            DaemonThread(f"kafka-consumer-{group}"),
            group=group,
            subscriptions=subscriptions,
            dead_letters=dead_letters,
            metrics=metrics or Metrics(),
            tracer=tracer or trace.get_tracer(__name__),
            patience=patience or Patience(),
        )
        async with consumer.consuming(drain_seconds):
            yield consumer

    @asynccontextmanager
    async def consuming(self, drain_seconds: Callable[[], float]) -> AsyncIterator[None]:
        """Be a member of the group within the block. `drain_seconds` is asked at its end how long the end may take."""
        async with running(consumer=self._read) as parts:
            self._parts = parts
            try:
                yield
            finally:
                seconds = drain_seconds()
                self._stopping.set()
                await parts.finish("consumer", seconds=1.0)
                await self._drain([*self._held], seconds)
                await asyncio.wait([asyncio.ensure_future(self._thread.call(self._close))], timeout=max(seconds, 1.0))
                self._thread.end()

    async def check(self) -> None:
        """Return when this member is alive and the group has given it its partitions. Raises Unavailable."""
        if self._assigned is None:
            raise Unavailable("kafka", f"group {self._group} has not assigned partitions to this member yet")
        silent = asyncio.get_running_loop().time() - self._polled_at
        if silent > SILENT_SECONDS:
            raise Unavailable("kafka", f"the consumer of group {self._group} has not polled for {silent:.0f} s")

    async def _read(self) -> None:
        await self._thread.call(self._subscribe)
        self._polled_at = asyncio.get_running_loop().time()  # the thread lives; its first polls may find nothing for a while
        while not self._stopping.is_set():
            batch = await self._thread.call(self._poll)
            self._polled_at = asyncio.get_running_loop().time()
            self._admit(batch)

    # What follows, to `_admit`, runs in the thread: the client has one lock, which `poll` holds while it waits, so that a call from
    # the loop would stop the whole service until a message comes.

    def _subscribe(self) -> None:
        self._client.subscribe(
            [*self._subscriptions, *self._sent_back],
            on_assign=self._on_assigned,
            on_revoke=self._on_revoked,
            on_lost=self._on_revoked,
        )

    def _poll(self) -> list[Message]:
        """Return what has come, soon or at once: `consume(n)` alone would wait for n messages, so `poll` wakes at the first one."""
        for _ in range(POLLS_A_CALL):
            self._tell_client()
            first = self._client.poll(POLL_SECONDS)
            if first is not None:
                return [first, *self._client.consume(BATCH - 1, 0)]
            if self._stopping.is_set():
                break
        return []

    def _close(self) -> None:
        self._tell_client()
        self._client.close()

    def _on_assigned(self, _client: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        # A pause may outlive losing the partition, while we begin anew: it would never be read again.
        self._for_client.append(partial(self._client.resume, [TopicPartition(one.topic, one.partition) for one in partitions]))
        self._assigned = (self._assigned or set()) | {(one.topic, one.partition) for one in partitions}

    def _on_revoked(self, _client: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        gone = {(one.topic, one.partition) for one in partitions}
        self._thread.wait_for(self._release(gone))
        self._tell_client()
        # Who has lost all is no member in use until the group assigns once more, be it nothing.
        self._assigned = ((self._assigned or set()) - gone) or None

    def _tell_client(self) -> None:
        while self._for_client:
            try:
                self._for_client.popleft()()
            except KafkaException as error:
                # An offset that is not stored only means that its message comes again.
                _log.info("the partition is not ours any more", extra={"reason": str(error)})

    # What follows runs in the loop.

    def _admit(self, batch: Sequence[Message]) -> None:
        for message in batch:
            error = message.error()
            if error is not None:
                if ends_client(error):
                    raise KafkaException(error)
                _log.warning("kafka reported an error while consuming", extra={"reason": error.str(), "group": self._group})
                continue
            self._take_up(message)

    def _take_up(self, message: Message) -> None:
        partition = partition_of(message)
        held = self._held.setdefault(partition, _Held())
        held.offsets.begin(message.offset() or 0)
        if partition[0] in self._sent_back and REDRIVE not in text_headers(message):
            self._store(message, held)  # a letter that nobody has sent back
            return
        lane_id = (*partition, message.key())
        self._lanes.setdefault(lane_id, _Lane()).messages.append(message)
        if lane_id not in self._tasks and self._parts:
            self._tasks[lane_id] = self._parts.begin(self._run(lane_id, held))
        if not held.is_paused and (held.offsets.unfinished > PAUSE_ABOVE or held.offsets.span > LONGEST_SPAN):
            held.is_paused = True
            self._for_client.append(partial(self._client.pause, [TopicPartition(*partition)]))

    async def _run(self, lane_id: _LaneId, held: _Held) -> None:
        lane = self._lanes[lane_id]
        subscription = self._subscriptions.get(lane_id[0]) or self._sent_back[lane_id[0]]
        try:
            while lane.messages and not held.leaving.is_set():
                message = lane.messages.popleft()
                began = asyncio.get_running_loop().time()
                outcome = await self._handler.handle(
                    subscription, message, failing=lane.failing, places=held.places, leaving=held.leaving
                )
                self._handled.add(subscription.topic, outcome.value)
                self._seconds.record(asyncio.get_running_loop().time() - began, subscription.topic)
                if outcome is not Outcome.LEFT:
                    self._store(message, held)
        finally:
            del self._tasks[lane_id]
            del self._lanes[lane_id]

    def _store(self, message: Message, held: _Held) -> None:
        partition = partition_of(message)
        position = held.offsets.finish(message.offset() or 0)
        if self._held.get(partition) is not held:
            return  # revoked meanwhile: its new owner sees the message again, and its inbox knows it
        if position is not None:
            self._for_client.append(partial(self._client.store_offsets, offsets=[TopicPartition(*partition, position)]))
        if held.is_paused and held.offsets.unfinished < RESUME_BELOW and held.offsets.span < LONGEST_SPAN:
            held.is_paused = False
            self._for_client.append(partial(self._client.resume, [TopicPartition(*partition)]))

    async def _release(self, partitions: set[Partition]) -> None:
        await self._drain(partitions & self._held.keys(), RELEASE_SECONDS)
        for partition in partitions:
            self._held.pop(partition, None)

    async def _drain(self, partitions: Collection[Partition], seconds: float) -> None:
        """Let what is being handled finish within `seconds`; then cancel it: uncommitted, it will come again."""
        for partition in partitions:
            self._held[partition].leaving.set()
        tasks = [task for lane_id, task in self._tasks.items() if lane_id[:2] in partitions]
        if not tasks:
            return
        _done, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _by_topic(subscriptions: Sequence[Subscription[Any]]) -> dict[str, Subscription[Any]]:
    topics = [subscription.topic for subscription in subscriptions]
    twice = sorted({topic for topic in topics if topics.count(topic) > 1})
    if twice:
        raise SubscribedTwice(f"more than one subscription on {', '.join(twice)}: one handler gets all messages of a topic")
    return dict(zip(topics, subscriptions, strict=True))


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
