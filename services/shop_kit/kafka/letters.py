"""Dead letters as people see them: which there are, why they died, whether their key has moved on, and sent back to their group.

A letter is sent back through its own topic: a copy of the record with the header `dlq_redrive`, which names the letter. The group
reads its own dead letters and handles those copies alone; no other group hears of them, as it would if they went back to the topic
they came from. The inbox of the group knows a message that had its effect meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from confluent_kafka import Message

from shop_kit.kafka.reading import SECONDS, bounds, reading, scan
from shop_kit.kafka.records import Partition, raw_headers, text_headers
from shop_kit.kafka.sending import RawRecord, send

REDRIVE = "dlq_redrive"
"""The header of a copy that was sent back: the id of its letter."""
SUFFIX = ".dlq"


class LetterId(NamedTuple):
    """Where a letter lies in its topic. Written as `<partition>-<offset>`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


def read_letter_id(text: str) -> LetterId:
    """Return the id that is written so. Raises ValueError."""
    partition, _, offset = text.partition("-")
    return LetterId(int(partition), int(offset))


@dataclass(frozen=True)
class Letter:
    """A record that a group could not handle. What its headers do not say is None."""

    topic: str
    id: LetterId
    died_at: float
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]
    raw_headers: tuple[tuple[str, bytes | None], ...]
    times_sent_back: int

    @property
    def origin(self) -> tuple[Partition, int] | None:
        """Return the partition that the message came from and its offset there."""
        topic, partition, offset = (self.headers.get(f"dlq_{name}", "") for name in ("topic", "partition", "offset"))
        return ((topic, int(partition)), int(offset)) if topic and partition.isdecimal() and offset.isdecimal() else None


def letter_topics(servers: str) -> dict[str, int]:
    """Return all topics of dead letters, each with the number of records in it. Raises Unavailable."""
    with reading(servers) as client:
        topics = [name for name in client.list_topics(timeout=SECONDS).topics if name.endswith(SUFFIX)]
        return {name: sum(end - begin for begin, end in bounds(client, name).values()) for name in sorted(topics)}


def read_letters(servers: str, topic: str) -> list[Letter]:
    """Return the letters of a topic, oldest first in each partition. Raises Unavailable."""
    sent_back: Counter[str] = Counter()
    found: list[Message] = []
    with reading(servers) as client:
        for record in scan(client, {(topic, number): ends for number, ends in bounds(client, topic).items()}):
            letter = text_headers(record).get(REDRIVE)
            if letter is None:
                found.append(record)
            else:
                sent_back[letter] += 1
    return [_letter(record, sent_back) for record in found]


def moved_on(servers: str, letters: Sequence[Letter]) -> dict[LetterId, int]:
    """Return for each letter how many messages of its key came to its topic after it: handling it now is handling it late.

    What its topic has forgotten meanwhile is not counted. Raises Unavailable.
    """
    by_origin: dict[Partition, list[tuple[int, Letter]]] = {}
    for letter in letters:
        if letter.origin:
            partition, offset = letter.origin
            by_origin.setdefault(partition, []).append((offset, letter))
    counts: Counter[LetterId] = Counter()
    with reading(servers) as client:
        for (topic, number), those in by_origin.items():
            begin, end = bounds(client, topic).get(number, (0, 0))
            first = max(begin, min(offset for offset, _ in those) + 1)
            for record in scan(client, {(topic, number): (first, end)}):
                for offset, letter in those:
                    if (record.offset() or 0) > offset and record.key() == letter.key:
                        counts[letter.id] += 1
    return {letter.id: counts[letter.id] for letter in letters}


def send_back(servers: str, letters: Sequence[Letter]) -> None:
    """Send letters back to their group. Raises Unavailable when Kafka did not take all of them: then some may have been sent."""
    send(
        servers,
        [
            RawRecord(letter.topic, letter.key, letter.value, [*letter.raw_headers, (REDRIVE, str(letter.id).encode())])
            for letter in letters
        ],
    )


def _letter(record: Message, sent_back: Mapping[str, int]) -> Letter:
    partition, offset = record.partition() or 0, record.offset() or 0
    own = LetterId(partition, offset)
    return Letter(
        topic=record.topic() or "",
        id=own,
        died_at=record.timestamp()[1] / 1000,
        key=record.key(),
        value=record.value(),
        headers=text_headers(record),
        raw_headers=tuple(raw_headers(record)),
        times_sent_back=sent_back.get(str(own), 0),
    )
