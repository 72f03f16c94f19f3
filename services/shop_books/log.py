"""What the shop has said in Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

ORDERS = "shop.orders.events.v1"
TOPICS = (
    ORDERS,
    "shop.inventory.commands.v1",
    "shop.inventory.events.v1",
    "shop.payments.commands.v1",
    "shop.payments.events.v1",
    "shop.pricing.commands.v1",
    "shop.pricing.redemptions.v1",
)
GROUPS = ("orders", "inventory", "payments", "pricing")
_DEAD = ".dlq"
_SECONDS = 10.0


class LogUnreadable(Exception):
    """Kafka does not give what it says it has."""


class Log:
    """Reads topics to where they end now. Raises KafkaException, LogUnreadable."""

    def __init__(self, bootstrap: str) -> None:
        self._settings: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, "log_level": 0}

    def ends(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """Return where each partition ends, by topic."""
        with self._consumer() as consumer:
            return {topic: {one.partition: end for one, _, end in _bounds(consumer, topic)} for topic in topics}

    def dead_letters(self) -> dict[str, int]:
        """Return how many messages are put aside, by topic; those without any are left out."""
        topics = [topic for topic in AdminClient(self._settings).list_topics(timeout=_SECONDS).topics if topic.endswith(_DEAD)]
        with self._consumer() as consumer:
            found = {topic: sum(end - first for _, first, end in _bounds(consumer, topic)) for topic in topics}
        return {topic: count for topic, count in found.items() if count}

    def lag(self, group: str) -> int:
        """Return how many messages a group has not handled yet."""
        admin = AdminClient(self._settings)  # kept until it has answered: its end takes what is under way with it
        committed = (
            admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(_SECONDS).topic_partitions
        )
        with self._consumer() as consumer:
            return sum(consumer.get_watermark_offsets(one, timeout=_SECONDS)[1] - max(one.offset, 0) for one in committed)

    def since(self, topic: str, ends: Mapping[int, int]) -> Iterator[Message]:
        """Give the messages behind these ends, partition by partition in the order of the log."""
        with self._consumer() as consumer:
            for one, first, end in _bounds(consumer, topic):
                position = max(first, ends.get(one.partition, 0))
                if position < end:
                    consumer.assign([TopicPartition(topic, one.partition, position)])
                while position < end:
                    message = consumer.poll(_SECONDS)
                    if message is None:
                        raise LogUnreadable(f"{topic}[{one.partition}] ends at {end} and gives nothing behind {position}")
                    if message.error() is not None:
                        raise KafkaException(message.error())
                    position = (message.offset() or 0) + 1
                    yield message

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer({**self._settings, "group.id": "book-keeper", "enable.auto.commit": False})
        try:
            yield consumer
        finally:
            consumer.close()


def _bounds(consumer: Consumer, topic: str) -> Iterator[tuple[TopicPartition, int, int]]:
    for number in consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions:
        partition = TopicPartition(topic, number)
        first, end = consumer.get_watermark_offsets(partition, timeout=_SECONDS)
        yield partition, first, end
