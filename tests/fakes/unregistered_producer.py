"""A producer for a topic whose schema nobody registered, for tests of delivery."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from confluent_kafka import Producer as PlainProducer
from shop_kit.kafka.client_thread import DaemonThread
from shop_kit.kafka.producer import Producer
from shop_kit.metrics import Metrics
from shop_kit.settings import KafkaSettings


@asynccontextmanager
async def producing(settings: KafkaSettings, topic: str) -> AsyncIterator[Producer]:
    """Publish within the block."""
    client = PlainProducer({"bootstrap.servers": settings.kafka_bootstrap_servers, "enable.idempotence": True, "linger.ms": 1})
    producer = Producer(client, DaemonThread("test-producer"), {topic: 1}, Metrics())
    async with producer.producing():
        yield producer
