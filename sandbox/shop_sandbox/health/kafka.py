"""Is Kafka doing its work: a record goes in and comes out again."""

from __future__ import annotations

import socket
import time
import uuid
from typing import TYPE_CHECKING

from shop_sandbox.health.not_ready import NotReady

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

PROBE_TOPIC = "__shop_dev_probe"
"""Kept for probes; nobody else writes there. Its records are gone after a minute or so."""

_PROBE_SETTINGS = {"retention.ms": "60000", "segment.bytes": "1048576", "cleanup.policy": "delete"}
_SECONDS = 1.8
_QUIET = {"log_level": 0, "socket.connection.setup.timeout.ms": 1000}


class Probe:
    """Asks a broker now and then. It keeps its connections as long as they serve: new ones would cost more than the question.

    Any thread may ask.
    """

    def __init__(self) -> None:
        self._resting: _RoundTrip | None = None

    def ask(self, port: int, *, seconds: float = _SECONDS) -> None:
        """The same as `ask_at`, at a broker of this machine."""
        self.ask_at(_local(port), seconds=seconds)

    def ask_at(self, servers: str, *, seconds: float = _SECONDS) -> None:
        """Write a record to the probe topic and read that very record back; `servers` are `host:port`, with commas in between.

        Raises NotReady within `seconds`.
        """
        trip, self._resting = self._resting, None  # nobody else's meanwhile, and nobody's at all after a failure
        _must_listen(servers)
        deadline = time.monotonic() + seconds
        if trip is None or trip.servers != servers:
            trip = _RoundTrip(servers, deadline)
        trip.once(deadline)
        self._resting = trip


class _RoundTrip:
    """The clients of one probe, which read nothing between two questions."""

    def __init__(self, servers: str, deadline: float) -> None:
        from confluent_kafka import Consumer, Producer

        self.servers = servers
        _have_topic(servers, PROBE_TOPIC, deadline)
        self._producer = Producer(_producing(servers))
        self._consumer = Consumer(
            {**_client(servers), "group.id": "shop-dev-probe", "enable.auto.commit": False, "fetch.wait.max.ms": 50}
        )

    def once(self, deadline: float) -> None:
        token = uuid.uuid4().hex.encode()
        self._read_back(_produce(self._producer, PROBE_TOPIC, token, deadline), token, deadline)

    def _read_back(self, offset: int, value: bytes, deadline: float) -> None:
        from confluent_kafka import TopicPartition

        try:
            self._consumer.assign([TopicPartition(PROBE_TOPIC, 0, offset)])
            message = self._consumer.poll(max(0.1, _left(deadline)))
        finally:
            self._consumer.unassign()
        if message is None:
            raise NotReady("a record went in and does not come out")
        error = message.error()
        if error is not None:
            raise NotReady(f"the broker does not give a record back: {error.str()}")
        if message.value() != value:
            raise NotReady("another record came out than went in")


def brokers(port: int) -> list[str]:
    """Give the addresses under which the cluster at `port` tells its clients to find it; none where nobody answers."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient(_client(_local(port)))
    try:
        metadata = admin.list_topics(timeout=_SECONDS)
    except KafkaException:
        return []
    return [f"{broker.host}:{broker.port}" for broker in metadata.brokers.values()]


def exercise(port: int) -> None:
    """Do what clients of a sandbox do, a few times over, so that a training run sees the code they need."""
    from confluent_kafka import Consumer, Producer

    deadline, servers = time.monotonic() + 30, _local(port)
    for number in range(3):
        _have_topic(servers, f"training-{number}", deadline)
        for _ in range(20):
            _produce(Producer(_producing(servers)), f"training-{number}", b"x" * 500, deadline)
    _transact(servers, "training-0")
    consumer = Consumer(
        {
            **_client(servers),
            "group.id": "training",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "group.instance.id": "1",
        }
    )
    consumer.subscribe([f"training-{number}" for number in range(3)])
    try:
        left = 60
        while left > 0 and time.monotonic() < deadline:
            left -= len(consumer.consume(60, timeout=0.5))
        consumer.commit(asynchronous=False)
    finally:
        consumer.close()


def _transact(servers: str, topic: str) -> None:
    from confluent_kafka import Producer

    producer = Producer({**_client(servers), "transactional.id": "training"})
    producer.init_transactions(30)
    for _ in range(3):
        producer.begin_transaction()
        producer.produce(topic, b"x" * 500, partition=0)
        producer.commit_transaction(30)


def _local(port: int) -> str:
    return f"127.0.0.1:{port}"


def _client(servers: str) -> dict[str, str | int | float | bool]:
    return {"bootstrap.servers": servers, **_QUIET}


def _must_listen(servers: str) -> None:
    """Ask one server first: a client library would try again by itself, with pauses that cost the start."""
    host, _, port = servers.partition(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=0.5).close()
    except OSError as error:
        raise NotReady(f"nothing listens on port {port}{'' if host == '127.0.0.1' else f' of {host}'} yet") from error


def _have_topic(servers: str, topic: str, deadline: float) -> None:
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported in all but name

    wanted = NewTopic(topic, num_partitions=1, replication_factor=1, config=dict(_PROBE_SETTINGS))
    admin = AdminClient(_client(servers))  # held until the answer is there: it takes the request with it when it goes
    answer = admin.create_topics([wanted], request_timeout=max(0.1, _left(deadline)))
    try:
        answer[topic].result(max(0.1, _left(deadline)))
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise NotReady(f"the broker refuses a topic: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise NotReady("the broker does not answer the request for a topic") from error


def _producing(servers: str) -> dict[str, str | int | float | bool]:
    return {**_client(servers), "linger.ms": 0, "acks": "all"}


def _produce(producer: Producer, topic: str, value: bytes, deadline: float) -> int:
    """Send one record and give the offset it got."""
    told: list[tuple[KafkaError | None, Message]] = []
    producer.produce(topic, value, partition=0, on_delivery=lambda error, message: told.append((error, message)))
    producer.flush(max(0.1, _left(deadline)))
    if not told:
        raise NotReady("the broker does not acknowledge a record")
    error, message = told[0]
    if error is not None:
        raise NotReady(f"the broker refuses a record: {error.str()}")
    return int(message.offset() or 0)


def _left(deadline: float) -> float:
    return deadline - time.monotonic()
