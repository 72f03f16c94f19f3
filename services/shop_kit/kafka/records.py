"""What confluent-kafka's `Message` holds, in the types that it has."""

from __future__ import annotations

from typing import cast

from confluent_kafka import KafkaError, Message

Partition = tuple[str, int]
RawHeaders = list[tuple[str, bytes | None]]


def raw_headers(message: Message) -> RawHeaders:
    """Return the headers as they came."""
    # The client types headers as it takes them; what it gives is a list of pairs.
    return cast("RawHeaders", message.headers() or [])


def text_headers(message: Message) -> dict[str, str]:
    """Return the headers as text; of a name that comes twice the last one."""
    return {name: value.decode(errors="replace") for name, value in raw_headers(message) if value is not None}


def partition_of(message: Message) -> Partition:
    """Return topic and number of the partition that a record came from."""
    return message.topic() or "", message.partition() or 0


def ends_client(error: KafkaError) -> bool:
    """Return whether the client that reports this is of no use any more.

    The flag is not set on what a consumer reports and a producer raises: there librdkafka says it by a code of its own.
    """
    return error.fatal() or error.code() == KafkaError._FATAL
