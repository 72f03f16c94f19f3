"""All topics of a Kafka at one look: what is in them, who reads them, how far behind that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it is public in its documentation
from shop_kit.errors import Unavailable
from shop_kit.kafka.letters import SUFFIX
from shop_kit.kafka.reading import SECONDS, reading, scan
from shop_kit.kafka.records import Partition

from shop_dev.kafka.away import away


class Reads(NamedTuple):
    """That a group reads a topic."""

    group: str
    topic: str


@dataclass(frozen=True)
class GroupPosition:
    """How far a group is in one topic.

    `behind` counts records; `oldest_at` is when the first of them was written (seconds since the epoch), None where nothing waits
    or nobody asked. `members` read at this moment.
    """

    group: str
    topic: str
    behind: int
    members: int
    oldest_at: float | None = None


@dataclass(frozen=True)
class TopicFacts:
    """A topic. `stored_bytes` is None where its files are not at hand."""

    name: str
    partitions: int
    records: int
    stored_bytes: int | None
    groups: tuple[GroupPosition, ...]
    dead_letters: int

    @property
    def is_internal(self) -> bool:
        """True for what brokers, registries and the sandbox keep for themselves."""
        return self.name.startswith("_")


@dataclass(frozen=True)
class Survey:
    """A Kafka seen at one moment."""

    ends: Mapping[Partition, int]
    begins: Mapping[Partition, int]
    committed: Mapping[str, Mapping[Partition, int]]
    """By group: the offset of the first record of each partition that it has not dealt with."""
    members: Mapping[str, int]

    def topics(self, *, declared: Iterable[Reads] = (), log_folder: Path | None = None) -> list[TopicFacts]:
        """Return all topics by name, but for those of dead letters, which count with the topic they came from."""
        positions = self.positions(declared)
        names = sorted({topic for topic, _ in self.ends})
        return [
            TopicFacts(
                name=name,
                partitions=sum(topic == name for topic, _ in self.ends),
                records=self._records(name),
                stored_bytes=_bytes_in(log_folder, name),
                groups=tuple(one for one in positions if one.topic == name),
                dead_letters=sum(self._records(other) for other in names if _letters_of(name, other)),
            )
            for name in names
            if not name.endswith(SUFFIX)
        ]

    def positions(self, declared: Iterable[Reads] = ()) -> list[GroupPosition]:
        """Return where each group is in each topic that it has read, or is `declared` to read."""
        read = {Reads(group, topic) for group, committed in self.committed.items() for topic, _ in committed}
        there = {topic for topic, _ in self.ends}
        return [
            GroupPosition(
                group,
                topic,
                behind=sum(end - begin for begin, end in self.waiting(group, topic).values()),
                members=self.members.get(group, 0),
            )
            for group, topic in sorted(read | {one for one in declared if one.topic in there})
        ]

    def waiting(self, group: str, topic: str) -> dict[Partition, tuple[int, int]]:
        """Return what a group has not dealt with: by partition the first offset and the one behind the last.

        A partition of which it has committed nothing it reads from the beginning.
        """
        committed = self.committed.get(group, {})
        ranges = {one: (max(committed.get(one, 0), self.begins[one]), end) for one, end in self.ends.items() if one[0] == topic}
        return {one: (begin, end) for one, (begin, end) in ranges.items() if begin < end}

    def _records(self, topic: str) -> int:
        return sum(end - self.begins[one] for one, end in self.ends.items() if one[0] == topic)


def look(servers: str) -> Survey:
    """Ask a Kafka for all of it. Raises ShopDevError (kafka_away)."""
    admin = AdminClient({"bootstrap.servers": servers, "socket.timeout.ms": int(SECONDS * 1000), "log_level": 3})
    try:
        topics = admin.list_topics(timeout=SECONDS).topics
        partitions = [TopicPartition(name, number) for name, topic in topics.items() for number in topic.partitions]
        newest, oldest = OffsetSpec.latest(), OffsetSpec.earliest()  # type: ignore[no-untyped-call]
        ends = admin.list_offsets(dict.fromkeys(partitions, newest))
        begins = admin.list_offsets(dict.fromkeys(partitions, oldest))
        groups = [group.group_id for group in admin.list_consumer_groups(request_timeout=SECONDS).result().valid]
        described = admin.describe_consumer_groups(groups) if groups else {}
        committed = {
            group: admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group] for group in groups
        }  # one request a group, all under way at once
        return Survey(
            ends={(one.topic, one.partition): told.result().offset for one, told in ends.items()},
            begins={(one.topic, one.partition): told.result().offset for one, told in begins.items()},
            committed={group: _offsets(told.result()) for group, told in committed.items()},
            members={group: len(told.result().members) for group, told in described.items()},
        )
    except KafkaException as error:
        raise away(Unavailable("kafka", str(error))) from error


def with_ages(servers: str, survey: Survey, positions: Sequence[GroupPosition]) -> list[GroupPosition]:
    """Return positions with the moment from which on records wait. Raises ShopDevError (kafka_away)."""
    return [
        GroupPosition(one.group, one.topic, one.behind, one.members, _oldest(servers, survey, one) if one.behind else None)
        for one in positions
    ]


def _oldest(servers: str, survey: Survey, position: GroupPosition) -> float | None:
    waiting = survey.waiting(position.group, position.topic)
    try:
        with reading(servers) as client:
            first = scan(client, {one: (at, at + 1) for one, (at, _) in waiting.items()})
            return min((record.timestamp()[1] / 1000 for record in first), default=None)
    except Unavailable as error:
        raise away(error) from error


def _offsets(told: Any) -> dict[Partition, int]:
    found: Iterable[TopicPartition] = told.topic_partitions
    return {(one.topic, one.partition): one.offset for one in found if one.offset >= 0}


def _letters_of(topic: str, other: str) -> bool:
    """Return whether `other` holds dead letters of a topic: `<topic>.<group>.dlq`."""
    return other.endswith(SUFFIX) and other.removesuffix(SUFFIX).rpartition(".")[0] == topic


def _bytes_in(log_folder: Path | None, topic: str) -> int | None:
    if log_folder is None:
        return None
    folders = [folder for folder in log_folder.glob(f"{topic}-*") if folder.name.rpartition("-")[0] == topic]
    return sum(segment.stat().st_size for folder in folders for segment in folder.glob("*.log"))
