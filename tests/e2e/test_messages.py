"""What Kafka may do to messages, and what others may put into topics: the shop's books stay right."""

from __future__ import annotations

from collections import defaultdict

import pytest
from confluent_kafka import Message, Producer
from e2e.shop import PRICE, Shop, all_at_once, until
from shop_books.log import TOPICS
from shop_contracts.proto.orders.v1.events_pb2 import OrderEvent
from shop_kit import wire

pytestmark = pytest.mark.e2e


def test_every_message_delivered_again_and_in_another_order_changes_nothing(shop: Shop) -> None:
    sku = shop.new_article(stock=10)
    cards = ["tok_visa", "tok_declined", "tok_capture_fails", "tok_visa"]
    orders = [shop.place((sku, 1), card=card) for card in cards]
    outcomes = [shop.outcome(order) for order in orders]
    books = (shop.stock(sku), [shop.ledger(order.id) for order in orders])

    ours = {order.id.encode() for order in orders}
    records = [record for record in shop.records(*TOPICS) if record.key() in ours]
    shop.publish_again(records)
    shop.publish_again(reversed(records))
    shop.until_all_is_consumed("orders", "inventory", "payments")

    assert (shop.stock(sku), [shop.ledger(order.id) for order in orders]) == books
    assert [shop.outcome(order) for order in orders] == outcomes
    assert shop.stock(sku) == (8, 0, 2)


def test_the_events_of_one_order_come_with_rising_versions(shop: Shop) -> None:
    sku = shop.new_article(stock=20)
    orders = all_at_once([lambda: shop.place((sku, 1))] * 10)
    for order in orders:
        shop.outcome(order)

    def everything_told() -> dict[str, list[OrderEvent]] | None:
        told = _told_of({order.id for order in orders}, shop.records("shop.orders.events.v1"))
        is_whole = len(told) == len(orders) and all(events[-1].WhichOneof("kind") == "completed" for events in told.values())
        return told if is_whole else None

    told = until("every order's completion is told", everything_told, seconds=30)
    for events in told.values():
        versions = [event.version for event in events]
        assert versions == sorted(set(versions))
        assert [event.WhichOneof("kind") for event in events] == ["accepted", "completed"]
        assert events[-1].completed.purchase.total == PRICE


def test_a_message_nobody_understands_is_put_aside_and_the_shop_goes_on(shop: Shop) -> None:
    key = b"ord_00000000000000000000000000"
    producer = Producer({"bootstrap.servers": shop.endpoints["kafka"]})
    for partition in range(3):
        producer.produce("shop.inventory.commands.v1", b"\x00\x00\x00\x00\x01\x00 not a message", key, partition=partition)
    assert producer.flush(10) == 0

    outcomes = [shop.outcome(shop.place((shop.new_article(stock=1), 1))) for _ in range(4)]

    assert {outcome["status"] for outcome in outcomes} == {"completed"}
    put_aside = "shop.inventory.commands.v1.inventory.dlq"
    buried = until("three messages are put aside", lambda: [one for one in shop.records(put_aside) if one.key() == key], seconds=30)
    assert {dict(one.headers() or ())["dlq_topic"] for one in buried} == {b"shop.inventory.commands.v1"}


def _told_of(order_ids: set[str], records: list[Message]) -> dict[str, list[OrderEvent]]:
    """What was told of each order, each message once: one that was published twice has the same id."""
    told: dict[str, list[OrderEvent]] = defaultdict(list)
    seen = set()
    for record in records:
        message_id = dict(record.headers() or ())["ce_id"]
        event = OrderEvent()
        event.ParseFromString(wire.unframe(record.value() or b"")[2])
        if event.order_id in order_ids and message_id not in seen:
            seen.add(message_id)
            told[event.order_id].append(event)
    return told
