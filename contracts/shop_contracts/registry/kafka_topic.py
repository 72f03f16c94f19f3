"""The log's topic on Kafka: made where it is missing, checked where it is there."""

from __future__ import annotations

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic


def ensure_topic(admin: AdminClient, topic: str) -> str | None:
    """Make the topic if it is not there. Returns why it cannot be used, or None. Raises KafkaException."""
    while True:
        known = admin.list_topics(topic, timeout=2).topics.get(topic)
        if known is not None and known.error is None and known.partitions:
            return _unusable(admin, topic, len(known.partitions))
        _create(admin, topic)


def end_of(admin: AdminClient, topic: str) -> int:
    """Return the offset after the last record, those of open transactions included. Raises KafkaException."""
    partition = TopicPartition(topic, 0)
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = admin.list_offsets({partition: latest}, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=5)
    offset: int = asked[partition].result().offset
    return offset


def _create(admin: AdminClient, topic: str) -> None:
    wanted = NewTopic(topic, num_partitions=1, replication_factor=-1, config={"cleanup.policy": "compact"})
    for made in admin.create_topics([wanted], operation_timeout=2, request_timeout=5).values():
        try:
            made.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _unusable(admin: AdminClient, topic: str, partitions: int) -> str | None:
    if partitions != 1:
        return f"The topic {topic} has {partitions} partitions; schemas need one, or their order is lost. Use another topic."
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    policy = admin.describe_configs([resource], request_timeout=5)[resource].result()["cleanup.policy"].value
    if policy != "compact":
        return (
            f"The topic {topic} has cleanup.policy={policy}: Kafka would delete schemas in time. "
            f"Set it to compact: kafka-configs --alter --topic {topic} --add-config cleanup.policy=compact"
        )
    return None
