"""What a producer makes of a client that has failed for good."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from fakes.kafka_records import InlineThread
from fakes.virtual_time import in_virtual_time
from shop_kit.errors import Unavailable
from shop_kit.kafka.producer import Producer
from shop_kit.metrics import Metrics


class FailedClient:
    """Stands in for confluent_kafka.Producer after a fatal error: it takes nothing any more."""

    def produce(self, *_: object, **__: object) -> None:
        raise KafkaException(KafkaError(KafkaError._FATAL, "this producer was fenced"))

    def poll(self, _timeout: float) -> int:
        return 0

    def flush(self, _timeout: float) -> int:
        return 0


def test_a_producer_whose_client_has_failed_for_good_ends_its_service() -> None:
    client: Any = FailedClient()

    async def story() -> None:
        producer = Producer(client, InlineThread(), {}, Metrics())
        async with producer.producing(lambda: 0.0):
            with pytest.raises(Unavailable):
                await producer.send_raw("topic", None, b"", [])
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as ended:
        in_virtual_time(story())
    assert ended.group_contains(KafkaException, match="fenced")
