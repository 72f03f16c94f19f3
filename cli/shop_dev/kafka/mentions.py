"""The records of all topics that are about one thing: those of its key, or of its traces where it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_END, TopicPartition
from shop_kit.errors import Unavailable
from shop_kit.kafka.letters import SUFFIX
from shop_kit.kafka.reading import SECONDS, reading, scan
from shop_kit.kafka.records import Partition, text_headers

from shop_dev.kafka.away import away
from shop_dev.kafka.records import Record, Topics

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

    from shop_dev.kafka.survey import Survey


@dataclass(frozen=True)
class About:
    """What records are looked for, and when they were written (seconds since the epoch); without `until` up to now."""

    key: str | None
    trace_ids: frozenset[str]
    since: float
    until: float | None

    def fits(self, message: Message) -> bool:
        """Return whether a record is about it, by its key; without one by the trace it was written in."""
        if self.key is not None:
            return message.key() == self.key.encode()
        parts = text_headers(message).get("traceparent", "").split("-")
        return len(parts) > 1 and parts[1] in self.trace_ids


def mentions(topics: Topics, survey: Survey, about: About) -> list[Record]:
    """Return the records, oldest first, but for dead letters and what Kafka keeps for itself. Raises ShopDevError (kafka_away)."""
    filled = {
        one: end
        for one, end in survey.ends.items()
        if end > survey.begins[one] and not one[0].startswith("_") and not one[0].endswith(SUFFIX)
    }
    try:
        with reading(topics.servers) as client:
            starts = _offsets_at(client, filled, about.since)
            ends = filled if about.until is None else {**filled, **_offsets_at(client, filled, about.until)}
            ranges = {one: (start, ends[one]) for one, start in starts.items()}
            found = [topics.decoded(message) for message in _fitting(scan(client, ranges), about.fits)]
    except Unavailable as error:
        raise away(error) from error
    return sorted(found, key=lambda record: record.at)


def _offsets_at(client: Consumer, partitions: dict[Partition, int], moment: float) -> dict[Partition, int]:
    """Return where each partition stood at a moment; those to which nothing was written since are left out."""
    asked = [TopicPartition(*one, int(moment * 1000)) for one in partitions]
    found = client.offsets_for_times(asked, timeout=SECONDS) if asked else []
    return {(one.topic, one.partition): one.offset for one in found if one.offset != OFFSET_END and one.offset >= 0}


def _fitting(messages: Iterator[Message], fits: Callable[[Message], bool]) -> Iterator[Message]:
    return (message for message in messages if fits(message))
