"""A function on real Kafka and the AWS emulator: when it answers, what it committed is published."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer as PlainConsumer
from confluent_kafka import Producer as PlainProducer
from fakes.bare_platform import PlatformSettings, make_table, make_topics
from shop_contracts.proto.inventory.v1.commands_pb2 import CommitStock, InventoryCommand
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo, Put
from shop_kit.functions import QueueMessage, queue_function
from shop_kit.functions.queues import Handle
from shop_kit.inbox import AlreadyHandled
from shop_kit.kafka.client_thread import DaemonThread
from shop_kit.kafka.producer import Producer
from shop_kit.messages import outgoing
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.service import Service
from shop_kit.settings import RuntimeSettings

pytestmark = pytest.mark.integration


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    runtime: RuntimeSettings


class Invocation:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def event(*ids: str) -> dict[str, Any]:
    records = [{"messageId": one, "body": one, "eventSourceARN": "arn:aws:sqs:eu:1:mails"} for one in ids]
    return {"Records": records}


def test_what_a_function_committed_is_in_kafka_when_it_answers_and_once(
    platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop_kit.functions.queues.configure_logging", lambda *_: None)
    name = f"kit-{uuid.uuid4().hex[:8]}"
    make_topics(platform.kafka, name)
    servers = platform.kafka.kafka_bootstrap_servers

    async def compose(service: Service, _settings: Settings) -> Handle:
        client = await service.enter(AwsClient.connect(platform.aws))
        await make_table(client, name, "pk", "sk")
        await make_table(client, f"{name}-outbox", "pk", "sk")
        plain = PlainProducer({"bootstrap.servers": servers, "enable.idempotence": True})
        producer = Producer(plain, DaemonThread("test-producer"), {name: 1}, service.metrics)
        await service.enter(producer.producing())
        outbox = await service.enter(
            DynamoOutbox.open(Dynamo(client), table=name, outbox_table=f"{name}-outbox", producer=producer)
        )
        service.settling.append(outbox.settle)

        async def handle(message: QueueMessage) -> None:
            command = InventoryCommand(order_id=message.id, commit_stock=CommitStock())
            said = outgoing(name, message.id, command, source="/test", sequence=1)
            try:
                await outbox.commit([Put(name, {"pk": message.id, "sk": "x"})], messages=[said], handling=message.identity)
            except AlreadyHandled:
                await asyncio.sleep(0)

        return handle

    function = queue_function("mails", Settings, compose, environ={})
    ids = [f"m{number}" for number in range(10)]
    answers = [function(event(*ids), Invocation())]
    published = _keys(servers, name)
    answers.append(function(event(*ids), Invocation()))
    afterwards = _keys(servers, name)
    function.close()

    assert answers == [{"batchItemFailures": []}] * 2
    assert published == afterwards == sorted(ids)


def _keys(servers: str, topic: str) -> list[str]:
    """Keys of what is in the topic now."""
    consumer = PlainConsumer(
        {
            "bootstrap.servers": servers,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    consumer.subscribe([topic])
    found: list[str] = []
    partitions = len(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    ended: set[int | None] = set()
    while len(ended) < partitions:
        message = consumer.poll(30)
        assert message is not None
        if message.error():
            ended.add(message.partition())
        else:
            found.append((message.key() or b"").decode())
    consumer.close()
    return sorted(found)
