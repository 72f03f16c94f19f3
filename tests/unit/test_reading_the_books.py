"""What the tests of a killed shop would notice: events out of order, orders without an end, and faults that differ between runs."""

from __future__ import annotations

from collections import Counter

from bench.checkout_load import Sent
from confluent_kafka import Message
from e2e.books import unfinished
from e2e.random_faults import TARGETS, faults_of
from fakes.kafka_records import Record
from shop_books.event_order import out_of_order


def said(key: str, sequence: int, *, message: str = "", source: str = "/shop/orders") -> Message:
    headers = {"ce_id": message or f"{key}-{sequence}", "ce_source": source, "ce_type": "E", "ce_sequence": str(sequence)}
    return Record(key.encode(), b"", {name: value.encode() for name, value in headers.items()}).as_message()


def test_an_event_behind_one_that_was_said_later_is_noticed() -> None:
    (wrong,) = out_of_order([said("o1", 1), said("o1", 3), said("o1", 2)])

    assert "comes after 3" in wrong


def test_events_of_others_gaps_and_repetitions_are_in_order() -> None:
    others = [said("o2", 1), said("o1", 1, message="x", source="/shop/payments")]

    assert out_of_order([said("o1", 2), *others, said("o1", 5), said("o1", 2), said("o1", 5)]) == []


def test_an_accepted_order_without_an_end_is_noticed_and_one_that_two_visitors_have() -> None:
    sent = [
        Sent(sku="mug", due=0, order_id="o1", outcome="never final"),
        Sent(sku="mug", due=0, order_id="o2", outcome="completed"),
        Sent(sku="mug", due=0, order_id="o2", outcome="completed"),
        Sent(sku="mug", due=0, outcome="HTTP 503"),
    ]

    assert [*unfinished(sent)] == ["o1 was accepted and ended as 'never final'", "two visitors have o2"]


def test_a_seed_gives_the_same_faults_and_each_target_its_share() -> None:
    assert faults_of(7, 30) == faults_of(7, 30) != faults_of(8, 30)
    assert Counter(fault.target for fault in faults_of(7, 30)) == dict.fromkeys(TARGETS, 3)
