"""Publishes messages with acknowledgement by all replicas, each once and in order, awaitable from asyncio."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as KafkaProducer

from shop_kit.errors import Unavailable
from shop_kit.kafka import wire
from shop_kit.kafka.schema_ids import schema_ids
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.resilience.retry import Retry
from shop_kit.settings import KafkaSettings

_log = logging.getLogger(__name__)


class Producer:
    """A producer for one event loop. `publish` resolves when Kafka has acknowledged."""

    def __init__(self, client: KafkaProducer, ids: dict[str, int], loop: asyncio.AbstractEventLoop, metrics: Metrics) -> None:
        self._client = client
        self._ids = ids
        self._loop = loop
        self._published = metrics.counter("shop_kafka_published_total", "Messages acknowledged by Kafka.", "topic")
        self._failed = metrics.counter("shop_kafka_publish_failures_total", "Messages that Kafka did not acknowledge.", "topic")

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, settings: KafkaSettings, *, client_id: str, topics: Sequence[str], metrics: Metrics | None = None
    ) -> AsyncIterator[Producer]:
        """A producer for `topics`, whose schema ids it looks up first, waiting for the registry. Flushes at the end."""
        ids = await Retry.patient().run(lambda: schema_ids(settings.schema_registry_url, tuple(topics)))
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
        stop = threading.Event()
        poller = threading.Thread(target=_poll, args=(client, stop), name="kafka-producer", daemon=True)
        poller.start()
        try:
            yield cls(client, ids, asyncio.get_running_loop(), metrics or Metrics())
        finally:
            stop.set()  # the thread ends with its next poll; nothing here depends on when
            await asyncio.to_thread(client.flush, 5.0)

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish in this order and return when all are acknowledged. Raises Unavailable: some may then have been published."""
        results = await asyncio.gather(*(self.send(message) for message in messages), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def send(self, message: OutgoingMessage) -> asyncio.Future[None]:
        """Hand a message over at once and get a future for its acknowledgement (Unavailable when there was none)."""
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
        except (BufferError, KafkaException) as error:
            self._failed.add(topic)
            acknowledged.set_exception(Unavailable("kafka", f"{topic}: {error}"))
        return acknowledged

    async def check(self) -> None:
        """Return when a broker answers. Raises Unavailable."""
        try:
            await asyncio.to_thread(self._client.list_topics, timeout=1.5)
        except KafkaException as error:
            raise Unavailable("kafka", str(error)) from error

    def _settle(self, acknowledged: asyncio.Future[None], topic: str, error: KafkaError | None) -> None:
        if acknowledged.done():
            return
        if error is None:
            self._published.add(topic)
            acknowledged.set_result(None)
        else:
            self._failed.add(topic)
            acknowledged.set_exception(Unavailable("kafka", f"{topic}: {error.str()}"))


def _poll(client: KafkaProducer, stop: threading.Event) -> None:
    while not stop.is_set():
        client.poll(0.5)
