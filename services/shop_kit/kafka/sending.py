"""Sending records by hand: all of them acknowledged, or an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from shop_kit.errors import Unavailable
from shop_kit.kafka.reading import SECONDS
from shop_kit.kafka.records import RawHeaders

_ERRORS = 3
"""The client's log goes to the terminal of whoever sends: what it tries again by itself is no news there (syslog's levels)."""


@dataclass(frozen=True)
class RawRecord:
    """A record as Kafka takes it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: RawHeaders


def send(servers: str, records: Iterable[RawRecord]) -> list[Message]:
    """Send records and return them as Kafka has acknowledged them.

    Raises Unavailable when Kafka did not take all of them: then some may have been sent.
    """
    taken: list[Message] = []
    failures: list[str] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            taken.append(message)
        else:
            failures.append(error.str())

    producer = Producer(
        {
            "bootstrap.servers": servers,
            "enable.idempotence": True,
            "delivery.timeout.ms": int(SECONDS * 1000),
            "log_level": _ERRORS,
        }
    )
    try:
        for record in records:
            producer.produce(record.topic, value=record.value, key=record.key, headers=list(record.headers), on_delivery=delivered)
            producer.poll(0)
        left = producer.flush(SECONDS + 1)
    except KafkaException as error:
        raise Unavailable("kafka", str(error)) from error
    if left or failures:
        raise Unavailable("kafka", f"{left + len(failures)} records were not taken: {failures[0] if failures else 'no answer'}")
    return taken
