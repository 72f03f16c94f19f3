"""Reading what topics hold as a bystander: in no group, committing nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from shop_kit.errors import Unavailable
from shop_kit.kafka.records import Partition, partition_of

SECONDS = 10.0
"""The longest silence that a read bears with before it says that Kafka does not answer."""
_LOOK_FOR_SIGNALS_SECONDS = 0.2
_PASSING = (KafkaError._PARTITION_EOF, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)


@contextmanager
def reading(servers: str) -> Iterator[Consumer]:
    """Give a client that reads as a bystander. Raises Unavailable for what goes wrong inside."""
    client = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "bystander",  # the client wants one; nothing is ever committed in its name
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    try:
        yield client
    except KafkaException as error:
        raise Unavailable("kafka", str(error)) from error
    finally:
        client.close()


def bounds(client: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Return for each partition of a topic its first offset and the one behind its last; nothing for a topic that is not there."""
    found: dict[int, tuple[int, int]] = {}
    for number in client.list_topics(topic, timeout=SECONDS).topics[topic].partitions:
        begin, end = client.get_watermark_offsets(TopicPartition(topic, number), timeout=SECONDS)
        found[number] = (begin, end)
    return found


def offsets_at(client: Consumer, topic: str, numbers: Iterable[int], moment: float) -> dict[int, int | None]:
    """Return for each partition the offset of the first record from `moment` (seconds since the epoch) on; None: there is none."""
    asked = [TopicPartition(topic, number, int(moment * 1000)) for number in numbers]
    found = client.offsets_for_times(asked, timeout=SECONDS)
    return {one.partition: None if one.offset == OFFSET_END else one.offset for one in found}


def scan(client: Consumer, ranges: Mapping[Partition, tuple[int, int]]) -> Iterator[Message]:
    """Yield the records of these partitions from the first offset to before the second, in order within each partition.

    Raises Unavailable when Kafka falls silent in between.
    """
    left = {partition: end for partition, (begin, end) in ranges.items() if begin < end}
    client.assign([TopicPartition(*partition, ranges[partition][0]) for partition in left])
    while left:
        record = client.poll(SECONDS)
        if record is None:
            raise Unavailable("kafka", f"{', '.join(f'{topic} partition {number}' for topic, number in left)} fell silent")
        partition, error = partition_of(record), record.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            raise Unavailable("kafka", error.str())
        offset = record.offset() or 0
        if error is None and offset < left.get(partition, 0):
            yield record
        if error is not None or offset >= left.get(partition, 0) - 1:  # what was compacted away never comes
            left.pop(partition, None)


def follow(client: Consumer, starts: Mapping[Partition, int]) -> Iterator[Message]:
    """Yield records from these offsets on as they come, without end. Raises Unavailable when a partition cannot be read."""
    client.assign([TopicPartition(*partition, offset) for partition, offset in starts.items()])
    while True:
        record = client.poll(_LOOK_FOR_SIGNALS_SECONDS)
        error = record.error() if record is not None else None
        if record is not None and error is None:
            yield record
        elif error is not None and error.code() not in _PASSING:
            raise Unavailable("kafka", error.str())
