"""How topics are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shop_dev.kafka.survey import TopicFacts
from shop_dev.output.columns import Cell, Page, columns
from shop_dev.output.stores import size


def topics_data(
    topics: Sequence[TopicFacts], schemas: Mapping[str, str], writers: Mapping[str, Sequence[str]]
) -> dict[str, object]:
    """Return topics for scripts; `schemas` names by topic its messages, `writers` its services."""
    return {
        "topics": [
            {
                "name": topic.name,
                "partitions": topic.partitions,
                "records": topic.records,
                "bytes": topic.stored_bytes,
                "schema": schemas.get(topic.name),
                "producers": list(writers.get(topic.name, ())),
                "consumers": [{"group": one.group, "behind": one.behind, "members": one.members} for one in topic.groups],
                "deadLetters": topic.dead_letters,
            }
            for topic in topics
        ]
    }


def topics_page(topics: Sequence[TopicFacts], schemas: Mapping[str, str], writers: Mapping[str, Sequence[str]]) -> Page:
    """One line a topic."""
    if not topics:
        return Page(((Cell("There are no topics."),),))
    heads = ("TOPIC", "PARTITIONS", "RECORDS", "SIZE", "SCHEMA", "WRITTEN BY", "READ BY", "DEAD LETTERS")
    rows = [_row(topic, schemas.get(topic.name, ""), writers.get(topic.name, ())) for topic in topics]
    return Page((*columns([[Cell(head, "dim") for head in heads], *rows], right=frozenset({1, 2, 3})),))


def _row(topic: TopicFacts, schema: str, writers: Sequence[str]) -> list[Cell]:
    readers = [f"{one.group} ({one.behind} behind)" if one.behind else one.group for one in topic.groups]
    return [
        Cell(topic.name),
        Cell(str(topic.partitions)),
        Cell(f"{topic.records:,}"),
        Cell(size(topic.stored_bytes), "dim"),
        Cell(schema.rpartition(".")[2]),
        Cell(", ".join(writers)),
        Cell(", ".join(readers), "yellow" if any(one.behind for one in topic.groups) else ""),
        Cell(str(topic.dead_letters) if topic.dead_letters else "", "red"),
    ]
