"""Topics, on a real broker, looked at with Confluent's own admin client."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # documented names, re-exported there without `__all__`
    AdminClient,
    ConfigResource,
    NewPartitions,
    ResourceType,
)
from fakes.provisioning import Bench

pytestmark = pytest.mark.integration

SALES = 'syntax = "proto3";\npackage sales.v1;\nmessage Sale { string id = 1; }\n'
NEEDS = """\
  topics:
    produces:
      - name: sales.{x}
        schema: sales.proto
        message: sales.v1.Sale
        partitions: 4
        retentionHours: 48
        config: {max.message.bytes: "2000000"}
      - {name: shelves.{x}, schema: sales.proto, message: sales.v1.Sale, partitions: 1, cleanup: compact}
    consumes:
      - {name: sales.{x}, group: counting}
      - {name: shelves.{x}, group: counting, deadLetter: false}
"""


def admin(bench: Bench) -> AdminClient:
    return AdminClient({"bootstrap.servers": bench.environment["KAFKA_BOOTSTRAP_SERVERS"], "log_level": 0})


def settings(bench: Bench, topic: str) -> dict[str, Any]:
    asked = ConfigResource(ResourceType.TOPIC, topic)
    client = admin(bench)
    return {name: entry.value for name, entry in client.describe_configs([asked])[asked].result(10).items()}


def partitions(bench: Bench, topic: str) -> int:
    return len(admin(bench).list_topics(topic, timeout=10).topics[topic].partitions)


def until(condition: Callable[[], bool]) -> None:
    """Brokers learn of a change a moment after it was decided."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    bench.write("sales.proto", SALES)
    bench.needs(NEEDS)

    first, second = bench.provision("topics"), bench.provision("topics")

    assert (first.status, first.refused) == (second.status, second.refused) == (0, "")
    assert first.outcomes == {
        ("topic", f"sales.{bench.x}", "made"),
        ("topic", f"shelves.{bench.x}", "made"),
        ("topic", f"sales.{bench.x}.counting.dlq", "made"),
    }
    assert second.outcomes == {(kind, name, "unchanged") for kind, name, _ in first.outcomes}


def test_a_topic_has_its_partitions_and_settings(bench: Bench) -> None:
    bench.write("sales.proto", SALES)
    bench.needs(NEEDS)
    bench.provision("topics")

    sales, shelves, dead = (
        settings(bench, name.format(x=bench.x)) for name in ("sales.{x}", "shelves.{x}", "sales.{x}.counting.dlq")
    )

    assert partitions(bench, f"sales.{bench.x}") == 4
    assert partitions(bench, f"sales.{bench.x}.counting.dlq") == 1
    assert (sales["cleanup.policy"], sales["retention.ms"], sales["max.message.bytes"]) == ("delete", "172800000", "2000000")
    assert shelves["cleanup.policy"] == "compact"
    assert dead["retention.ms"] == str(14 * 24 * 3_600_000)


def test_more_partitions_and_other_settings_are_given_to_a_topic_that_is_there(bench: Bench) -> None:
    bench.write("sales.proto", SALES)
    bench.needs(NEEDS)
    bench.provision("topics")
    bench.needs(NEEDS.replace("partitions: 4", "partitions: 6").replace("retentionHours: 48", "retentionHours: 24"))

    second, third = bench.provision("topics"), bench.provision("topics")

    assert second.refused == ""
    assert second.detail(f"sales.{bench.x}") == "retention.ms=86400000, 4 -> 6 partitions"
    assert partitions(bench, f"sales.{bench.x}") == 6
    assert {outcome for _, _, outcome in third.outcomes} == {"unchanged"}


def test_partitions_are_never_taken_away(bench: Bench) -> None:
    bench.write("sales.proto", SALES)
    bench.needs(NEEDS)
    bench.provision("topics")
    client = admin(bench)
    client.create_partitions([NewPartitions(f"sales.{bench.x}", 5)])[f"sales.{bench.x}"].result(10)
    until(lambda: partitions(bench, f"sales.{bench.x}") == 5)

    told = bench.provision("topics")

    assert told.status == 1
    assert told.refused == (
        f"topic sales.{bench.x}: it has 5 partitions and the manifest says 4: Kafka cannot take partitions away\n"
        "  hint: set `partitions: 5`, or start afresh with `shop-dev up --reset`\n"
    )
    assert partitions(bench, f"sales.{bench.x}") == 5


def test_a_setting_that_kafka_refuses_is_told_with_kafkas_words_and_the_rest_is_made(bench: Bench) -> None:
    bench.write("sales.proto", SALES)
    bench.needs(NEEDS.replace('max.message.bytes: "2000000"', 'max.message.bytes: "lots"'))

    told = bench.provision("topics")

    assert told.status == 1
    assert told.refused.startswith(f"topic sales.{bench.x}: Invalid value lots for configuration max.message.bytes")
    assert told.refused.endswith("\n  hint: check `partitions` and `config` of the topic in its manifest\n")
    assert told.outcomes == {("topic", f"shelves.{bench.x}", "made"), ("topic", f"sales.{bench.x}.counting.dlq", "made")}
