"""Sends dead letters back to where they came from, once the reason they died is gone."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from shop_kit.kafka.producer import Producer
from shop_kit.settings import KafkaSettings

_SECONDS = 10.0


async def redrive(settings: KafkaSettings, dead_letter_topic: str, producer: Producer) -> int:
    """Publish each dead letter that is there now, byte for byte, to its own topic. Returns how many there were.

    What was sent back is remembered as offsets of the group `<topic>.redrive`, so a second call sends nothing again; a crash
    in between
    may, and the inbox of the consumer knows it then by its id.
    """
    group = f"{dead_letter_topic}.redrive"
    client = Consumer({"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": group, "enable.auto.commit": False})
    try:
        letters = await asyncio.to_thread(_read, client, dead_letter_topic)
        for letter in letters:
            headers = cast("list[tuple[str, bytes | None]]", letter.headers() or [])
            origin = dict(headers)["dlq_topic"] or b""
            kept = [(name, value) for name, value in headers if not name.startswith("dlq_")]
            await producer.send_raw(origin.decode(), letter.key(), letter.value(), kept)
            await asyncio.to_thread(partial(client.commit, message=letter, asynchronous=False))
        return len(letters)
    finally:
        await asyncio.to_thread(client.close)


def _read(client: Consumer, topic: str) -> list[Message]:
    partitions = [TopicPartition(topic, number) for number in client.list_topics(topic, timeout=_SECONDS).topics[topic].partitions]
    found: list[Message] = []
    for committed in client.committed(partitions, timeout=_SECONDS):
        oldest, end = client.get_watermark_offsets(committed, timeout=_SECONDS)
        begin = max(committed.offset, oldest) if committed.offset >= 0 else oldest
        if begin >= end:
            continue
        client.assign([TopicPartition(topic, committed.partition, begin if begin > 0 else OFFSET_BEGINNING)])
        while begin < end:
            for message in client.consume(min(500, end - begin), timeout=1.0):
                if message.error() is None and (message.offset() or 0) < end:
                    found.append(message)
                    begin = (message.offset() or 0) + 1
    return found
