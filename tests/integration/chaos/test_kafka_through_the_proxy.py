"""A real Kafka client behind the proxy: it cannot slip past, and each fault reaches it."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported in all but name
from fakes.chaos_proxy import Proxied, proxied
from fakes.kafka_broker import Broker
from shop_sandbox.chaos.fault import Bandwidth, Duplicate, Latency, Reorder, Reset
from shop_sandbox.chaos.link import Protocol

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    broker = Broker(tmp_path_factory.mktemp("kafka"), os.environ)
    try:
        broker.start()
        with proxied("kafka", Protocol.KAFKA, int(broker.address.rpartition(":")[2])) as found:
            yield found
    finally:
        broker.stop()


@pytest.fixture
def topic(kafka: Proxied) -> str:
    name = f"things-{uuid.uuid4().hex[:8]}"
    admin = AdminClient(_client(kafka))
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    return name


def test_a_client_is_told_the_proxys_address_for_brokers_and_coordinators(kafka: Proxied, topic: str) -> None:
    admin = AdminClient(_client(kafka))
    consumer = Consumer({**_client(kafka), "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    _produce(kafka, topic, "one")

    assert _consumed(consumer, 1) == [b"one"]
    (group,) = admin.describe_consumer_groups([topic]).values()
    (broker,) = admin.list_topics(timeout=10).brokers.values()
    (node,) = admin.describe_cluster().result(10).nodes
    assert group.result(10).coordinator.port == broker.port == node.port == kafka.port
    consumer.close()


def test_nothing_gets_through_while_connections_are_reset_and_all_does_afterwards(kafka: Proxied, topic: str) -> None:
    producer = Producer({**_client(kafka), "message.timeout.ms": 1500})
    with kafka.with_fault(Reset(target="kafka", seconds=600)):
        assert _errors(producer, topic, "lost") == [KafkaError._MSG_TIMED_OUT]

    _produce(kafka, topic, "kept")
    assert _all_of(kafka, topic, 1) == [b"kept"]
    assert kafka.struck("reset") > 0


def test_a_produce_request_that_arrives_twice_is_written_twice_unless_the_producer_is_idempotent(
    kafka: Proxied, topic: str
) -> None:
    with kafka.with_fault(Duplicate(target="orders->kafka", seconds=600)):
        _produce(kafka, topic, "twice")
        _produce(kafka, topic, "once", **{"enable.idempotence": True})
    _produce(kafka, topic, "end")

    assert _all_of(kafka, topic, 4) == [b"twice", b"twice", b"once", b"end"]


def test_a_delay_is_of_the_request_that_it_names(kafka: Proxied, topic: str) -> None:
    producer = Producer(_client(kafka))
    producer.list_topics(topic, timeout=10)
    _errors(producer, topic, "first")
    with kafka.with_fault(Latency(target="kafka", seconds=600, milliseconds=400, operations=("Produce",))):
        began = time.monotonic()
        assert _errors(producer, topic, "late") == []
        waited = time.monotonic() - began
        struck = kafka.struck("latency")

    assert waited >= 0.4
    assert struck == 1


def test_fetched_messages_come_later_and_none_is_lost(kafka: Proxied, topic: str) -> None:
    with kafka.with_fault(Reorder(target="kafka", seconds=600, milliseconds=300)):
        for number in range(5):
            _produce(kafka, topic, str(number))
        assert _all_of(kafka, topic, 5) == [b"0", b"1", b"2", b"3", b"4"]

    assert kafka.struck("reorder") > 0


def test_a_narrow_line_takes_its_time(kafka: Proxied, topic: str) -> None:
    with kafka.with_fault(Bandwidth(target="kafka", seconds=600, kib_per_second=64)):
        began = time.monotonic()
        _produce(kafka, topic, "x" * 32 * 1024)

    assert time.monotonic() - began >= 0.4


def _client(kafka: Proxied) -> dict[str, str | int | float | bool]:
    return {"bootstrap.servers": f"127.0.0.1:{kafka.port}", "log_level": 0, "reconnect.backoff.max.ms": 100}


def _errors(producer: Producer, topic: str, value: str) -> list[int]:
    errors: list[int] = []
    producer.produce(topic, value, on_delivery=lambda error, _: errors.append(error.code()) if error else None)
    assert producer.flush(30) == 0
    return errors


def _produce(kafka: Proxied, topic: str, value: str, **settings: bool) -> None:
    assert _errors(Producer({**_client(kafka), **settings}), topic, value) == []


def _all_of(kafka: Proxied, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({**_client(kafka), "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        return _consumed(consumer, count)
    finally:
        consumer.close()


def _consumed(consumer: Consumer, count: int) -> list[bytes]:
    found: list[Message] = []
    while len(found) < count:
        messages = consumer.consume(count - len(found), timeout=20)
        assert messages, f"{len(found)} of {count} came"
        found += [message for message in messages if message.error() is None]
    return [bytes(message.value() or b"") for message in found]
