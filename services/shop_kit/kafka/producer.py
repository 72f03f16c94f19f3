"""Publishes messages with acknowledgement by all replicas, each once and in order, awaitable from asyncio."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as KafkaProducer
from google.protobuf.message import Message as ProtobufMessage

from shop_kit import wire
from shop_kit.errors import Invalid, Overloaded, Unavailable
from shop_kit.kafka.client_thread import ClientThread, DaemonThread
from shop_kit.kafka.records import ends_client
from shop_kit.kafka.schema_ids import schema_ids
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.parts import running
from shop_kit.resilience.retry import Retry
from shop_kit.settings import KafkaSettings

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
POLLS_A_CALL = 100
"""Polls before the loop is told that the thread lives. What they find is called back, so they need not wake it."""


class Refusal(StrEnum):
    """Why Kafka takes a record today no more than it will tomorrow."""

    TOO_LARGE = "too large"
    NO_SUCH_TOPIC = "there is no such topic"
    NOT_ALLOWED = "not allowed"
    MALFORMED = "malformed"


_REFUSALS = {
    KafkaError.MSG_SIZE_TOO_LARGE: Refusal.TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE: Refusal.TOO_LARGE,
    KafkaError.UNKNOWN_TOPIC_OR_PART: Refusal.NO_SUCH_TOPIC,
    KafkaError._UNKNOWN_TOPIC: Refusal.NO_SUCH_TOPIC,
    KafkaError.TOPIC_EXCEPTION: Refusal.NO_SUCH_TOPIC,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Refusal.NOT_ALLOWED,
    KafkaError.INVALID_MSG: Refusal.MALFORMED,
    KafkaError.INVALID_RECORD: Refusal.MALFORMED,
    KafkaError._INVALID_ARG: Refusal.MALFORMED,
}


class MessageRefused(Invalid):
    """Kafka does not take this record, and will not take it later."""

    def __init__(self, topic: str, refusal: Refusal, reason: str) -> None:
        super().__init__(f"{topic} does not take a record ({refusal.value}): {reason}")
        self.topic = topic
        self.refusal = refusal


class Producer:
    """A producer for one event loop. `publish` resolves when Kafka has acknowledged."""

    def __init__(self, client: KafkaProducer, thread: ClientThread, ids: Mapping[str, int], metrics: Metrics) -> None:
        self._client = client
        self._thread = thread
        self._ids = ids
        self._loop = asyncio.get_running_loop()
        self._fatal: KafkaError | None = None
        self._is_ending = False
        self._published = metrics.counter("shop_kafka_published_total", "Messages acknowledged by Kafka.", "topic")
        self._failed = metrics.counter("shop_kafka_publish_failures_total", "Messages that Kafka did not acknowledge.", "topic")

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        settings: KafkaSettings,
        *,
        client_id: str,
        topics: Mapping[str, type[ProtobufMessage]],
        metrics: Metrics | None = None,
        drain_seconds: Callable[[], float] = lambda: 5.0,
    ) -> AsyncIterator[Producer]:
        """A producer for `topics` and the messages that each carries.

        It first looks up the ids of their schemas, waiting for the registry, and flushes at the end.
        """
        ids = await Retry.patient().run(lambda: schema_ids(settings.schema_registry_url, topics))
        client = KafkaProducer(
            {
                "bootstrap.servers": settings.kafka_bootstrap_servers,
                "client.id": client_id,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 1,
                "compression.type": "none",
                # Never give a message up: what follows it would overtake it. Whoever waits has its own deadline, and the
                # outbox keeps it all.
                "delivery.timeout.ms": 0,
                "socket.nagle.disable": True,
                # A sandbox's broker comes back within a second of a restart: librdkafka's default of up to 10 s would oversleep it.
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 1_000,
                "retry.backoff.max.ms": 500,
            },
            logger=_log,
        )
        producer = cls(client, DaemonThread(f"kafka-producer-{client_id}"), ids, metrics or Metrics())
        async with producer.producing(drain_seconds):
            yield producer

    @asynccontextmanager
    async def producing(self, drain_seconds: Callable[[], float] = lambda: 5.0) -> AsyncIterator[None]:
        """Hear of acknowledgements within the block; `drain_seconds` is asked at its end how long what is under way may take."""
        async with running(producer=self._hear) as parts:
            try:
                yield
            finally:
                self._is_ending = True
                parts.cancel()
                seconds = drain_seconds()
                self._thread.end()
                await asyncio.to_thread(self._client.flush, seconds)

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish in this order and return when all are acknowledged. Raises as `send` does: some may then be published."""
        results = await asyncio.gather(*(self.send(message) for message in messages), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def send(self, message: OutgoingMessage) -> asyncio.Future[None]:
        """Hand a message over at once and get a future for its acknowledgement.

        It raises Unavailable or Overloaded when there was none, MessageRefused when there will be none.
        """
        return self.send_raw(
            message.topic, message.key.encode(), wire.frame(self._ids[message.topic], message.body), [*message.headers.items()]
        )

    def send_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, str | bytes | None]]
    ) -> asyncio.Future[None]:
        """Like `send`, for bytes that must go out as they are (dead letters)."""
        acknowledged: asyncio.Future[None] = self._loop.create_future()

        def delivered(error: KafkaError | None, _message: Message) -> None:
            self._loop.call_soon_threadsafe(self._settle, acknowledged, topic, error)

        try:
            self._client.produce(topic, value=value, key=key, headers=list(headers), on_delivery=delivered)
        except BufferError as error:
            self._failed.add(topic)
            acknowledged.set_exception(Overloaded("kafka", f"{topic}: {error}"))
        except KafkaException as error:
            self._settle(acknowledged, topic, error.args[0])
        return acknowledged

    async def check(self) -> None:
        """Return when a broker answers. Raises Unavailable."""
        try:
            await asyncio.to_thread(self._client.list_topics, timeout=1.5)
        except KafkaException as error:
            raise Unavailable("kafka", str(error)) from error

    def _settle(self, acknowledged: asyncio.Future[None], topic: str, error: KafkaError | None) -> None:
        if error is not None and ends_client(error):
            self._fatal = error
        if acknowledged.done():
            return
        if error is None:
            self._published.add(topic)
            acknowledged.set_result(None)
            return
        self._failed.add(topic)
        refusal = _REFUSALS.get(error.code())
        acknowledged.set_exception(
            MessageRefused(topic, refusal, error.str()) if refusal else Unavailable("kafka", f"{topic}: {error.str()}")
        )

    async def _hear(self) -> None:
        """Serve the client's callbacks until it is of no use any more."""
        while self._fatal is None:
            await self._thread.call(self._poll)
        raise KafkaException(self._fatal)

    def _poll(self) -> None:
        """Call back for what Kafka answered. Runs in the thread."""
        for _ in range(POLLS_A_CALL):
            self._client.poll(POLL_SECONDS)
            if self._is_ending or self._fatal is not None:
                return
