"""What Kafka holds, who is behind, and a message of one's own, through the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid

import pytest
from e2e.shop import CHECKOUT, CommandFailed, Shop, until

EVENTS = "shop.orders.events.v1"


def entry(shop: Shop, topic: str) -> dict[str, object]:
    found: dict[str, object]
    (found,) = [one for one in shop.sandbox.cli("topics")["topics"] if one["name"] == topic]
    return found


def produce(shop: Shop, *words: str, given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shop_dev", "produce", *words, "--json", "--name", shop.sandbox.name]
    return subprocess.run(command, cwd=CHECKOUT, input=given, capture_output=True, text=True, check=False, timeout=60)


def test_topics_says_what_is_in_each_and_who_writes_and_reads_it(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5), 1))
    shop.outcome(order)

    found = entry(shop, "shop.payments.events.v1")

    assert found["schema"] == "shop.payments.v1.PaymentEvent"
    assert found["producers"] == ["payments"]
    assert [one["group"] for one in found["consumers"]] == ["orders"]  # type: ignore[attr-defined]
    assert (found["partitions"], found["records"] > 0, found["bytes"] > 0) == (3, True, True)  # type: ignore[operator]


def test_peek_shows_the_story_of_a_key_each_record_read_with_its_own_schema(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5, price=9990), 2))
    shop.outcome(order)

    def told() -> list[dict[str, object]] | None:
        records = shop.sandbox.cli("peek", EVENTS, "-n", "20", "--key", order.id)["records"]
        return records if len(records) >= 2 else None

    records = until("all events of the order are there", told)

    assert [next(kind for kind in ("accepted", "completed") if kind in one["content"]) for one in records] == [  # type: ignore[operator]
        "accepted",
        "completed",
    ]
    assert {str(one["headers"]["ce_source"]) for one in records} == {"/shop/orders"}  # type: ignore[index]
    dear = shop.sandbox.cli("peek", EVENTS, "--where", f"completed.purchase.total == 19980 and key == {order.id}")["records"]
    assert [one["key"] for one in dear] == [order.id]
    assert shop.sandbox.cli("peek", EVENTS, "--where", f"completed.purchase.total > 19980 and key == {order.id}")["records"] == []


def test_a_message_that_does_not_fit_is_not_sent(shop: Shop) -> None:
    before = entry(shop, EVENTS)["records"]

    done = produce(shop, EVENTS, given='{"order_id": "ord_1", "completed": {}} {"order_id": "ord_1", "complete": {}}')

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "message_invalid")
    assert "Message 2" in error["message"]
    assert entry(shop, EVENTS)["records"] == before


def test_a_message_that_fits_is_sent_as_a_service_would_send_it(shop: Shop) -> None:
    key = f"ord_{uuid.uuid4().hex}"

    done = produce(shop, EVENTS, "--key", key, "--header", "ce_sequence=7", given=json.dumps({"order_id": key, "cancelled": {}}))

    assert done.returncode == 0, done.stdout
    (record,) = shop.sandbox.cli("peek", EVENTS, "--key", key)["records"]
    assert record["content"] == {"order_id": key, "cancelled": {}}
    assert record["headers"]["ce_type"] == "shop.orders.v1.OrderCancelled"
    assert record["headers"]["ce_sequence"] == "7"
    assert json.loads(done.stdout)["data"]["records"] == [
        {"partition": record["partition"], "offset": record["offset"], "schemaId": record["schemaId"]}
    ]


def test_a_topic_that_is_not_there_is_told_with_the_one_that_was_meant(shop: Shop) -> None:
    with pytest.raises(CommandFailed, match=r"Did you mean shop\.orders\.events\.v1"):
        shop.sandbox.cli("peek", "shop.order.events.v1")


def test_lag_says_who_is_behind_and_that_nobody_of_it_reads(shop: Shop) -> None:
    shop.sandbox.cli("stop", "payments")
    try:
        order = shop.place((shop.new_article(stock=5), 1))

        def behind() -> dict[str, object] | None:
            found = shop.sandbox.cli("lag")["behind"]
            mine = [one for one in found if (one["group"], one["topic"]) == ("payments", "shop.payments.commands.v1")]
            return mine[0] if mine and not mine[0]["members"] else None

        found = until("payments is behind, and gone", behind)
        assert found["records"] >= 1  # type: ignore[operator]
        assert found["oldestSeconds"] >= 0  # type: ignore[operator]
    finally:
        shop.sandbox.cli("up")
    assert shop.outcome(order)["status"] == "completed"
    until("nobody is behind any more", lambda: not shop.sandbox.cli("lag")["behind"] or None)


def test_the_guide_to_kafka_works_as_it_stands(shop: Shop) -> None:
    guide = (CHECKOUT / "docs/guides/look-into-kafka.md").read_text(encoding="utf-8")
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))

    done = subprocess.run(
        ["/bin/sh", "-eux"],
        cwd=CHECKOUT,
        input=commands,
        env={**os.environ, "SHOP_NAME": shop.sandbox.name},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"order_id": "ord_by_hand"') == 1, "what was put in is there, once"
