"""Orders through the real shop: real Kafka, PostgreSQL, Redis and AWS emulator, each service a process of its own."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest
from e2e.shop import PRICE, Shop, all_at_once, until

pytestmark = pytest.mark.e2e


def test_an_order_completes(shop: Shop) -> None:
    sku = shop.new_article(stock=5)

    order = shop.place((sku, 2))
    outcome = shop.outcome(order)

    assert order.answer.headers["location"] == f"/v1/orders/{order.id}"
    assert (outcome["status"], outcome["total"]) == ("completed", {"currency": "EUR", "minorUnits": 2 * PRICE})
    assert (shop.stock(sku), shop.charged(order.id)) == ((3, 0, 2), 2 * PRICE)


def test_a_free_article_completes_without_a_charge(shop: Shop) -> None:
    sku = shop.new_article(stock=5, price=0)

    order = shop.place((sku, 1))
    outcome = shop.outcome(order)

    assert (outcome["status"], outcome["total"]) == ("completed", {"currency": "EUR", "minorUnits": 0})
    assert (shop.stock(sku), shop.ledger(order.id)) == ((4, 0, 1), [])


def test_a_declined_card_releases_the_stock(shop: Shop) -> None:
    sku = shop.new_article(stock=5)

    order = shop.place((sku, 2), card="tok_declined")
    outcome = shop.outcome(order)

    assert (outcome["status"], outcome["rejection"]["reason"]) == ("rejected", "payment-declined")
    assert (shop.stock(sku), shop.charged(order.id)) == ((5, 0, 0), 0)


def test_a_capture_that_fails_puts_sold_goods_back_on_the_shelf(shop: Shop) -> None:
    sku = shop.new_article(stock=5)

    order = shop.place((sku, 2), card="tok_capture_fails")
    outcome = shop.outcome(order)

    assert (outcome["status"], outcome["rejection"]["reason"]) == ("rejected", "payment-failed")
    assert (shop.stock(sku), shop.charged(order.id)) == ((5, 0, 0), 0)


def test_two_buyers_race_for_the_last_item_and_one_gets_it(shop: Shop) -> None:
    sku = shop.new_article(stock=1)

    orders = all_at_once([lambda: shop.place((sku, 1))] * 2)
    outcomes = [shop.outcome(order) for order in orders]

    assert Counter(outcome["status"] for outcome in outcomes) == {"completed": 1, "rejected": 1}
    assert [outcome["rejection"]["reason"] for outcome in outcomes if outcome["status"] == "rejected"] == ["out-of-stock"]
    assert shop.stock(sku) == (0, 0, 1)
    assert sorted(shop.charged(order.id) for order in orders) == [0, PRICE]


def test_many_buyers_of_few_items_never_oversell(shop: Shop) -> None:
    sku = shop.new_article(stock=7)

    orders = all_at_once([lambda: shop.place((sku, 2))] * 12)
    outcomes = [shop.outcome(order) for order in orders]

    assert Counter(outcome["status"] for outcome in outcomes) == {"completed": 3, "rejected": 9}
    assert shop.stock(sku) == (1, 0, 6)
    assert sum(shop.charged(order.id) for order in orders) == 6 * PRICE


def test_two_lines_on_one_article_are_counted_together(shop: Shop) -> None:
    sku = shop.new_article(stock=3)

    too_many = shop.outcome(shop.place((sku, 2), (sku, 2)))
    enough = shop.outcome(shop.place((sku, 2), (sku, 1)))

    assert (too_many["status"], too_many["rejection"]["reason"]) == ("rejected", "out-of-stock")
    assert (enough["status"], enough["total"]["minorUnits"]) == ("completed", 3 * PRICE)
    assert shop.stock(sku) == (0, 0, 3)


def test_an_order_that_is_short_of_one_article_takes_none_of_the_others(shop: Shop) -> None:
    plenty, nothing = shop.new_article(stock=5), shop.new_article(stock=0)

    outcome = shop.outcome(shop.place((plenty, 1), (nothing, 1)))

    assert outcome["rejection"] == {"reason": "out-of-stock", "explanation": f"Not enough in stock: {nothing}."}
    assert shop.stock(plenty) == (5, 0, 0)


def test_an_article_the_shop_does_not_have_is_named(shop: Shop) -> None:
    outcome = shop.outcome(shop.place(("NO-SUCH-THING", 1)))

    assert outcome["rejection"] == {"reason": "unknown-sku", "explanation": "There is no such article: NO-SUCH-THING."}


def test_the_same_request_sent_twice_charges_once(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    key = str(uuid.uuid4())

    first = shop.place((sku, 1), key=key)
    second = shop.place((sku, 1), key=key)
    shop.outcome(first)
    third = shop.place((sku, 1), key=key)

    assert first.id == second.id == third.id
    assert third.answer.headers["idempotency-replayed"] == "true"
    assert (shop.stock(sku), shop.charged(first.id)) == ((4, 0, 1), PRICE)


def test_the_same_request_sent_many_times_at_once_charges_once(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    key = str(uuid.uuid4())

    orders = all_at_once([lambda: shop.place((sku, 1), key=key)] * 6)
    shop.outcome(orders[0])

    assert len({order.id for order in orders}) == 1
    assert (shop.stock(sku), shop.charged(orders[0].id)) == ((4, 0, 1), PRICE)


def test_a_key_that_comes_with_another_wish_is_refused(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    key = str(uuid.uuid4())
    shop.place((sku, 1), key=key)

    answer = shop.order((sku, 2), key=key)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_cancelled_order_gives_back_goods_and_money(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    order = shop.place((sku, 1), card="tok_slow")

    answer = shop.cancel(order)
    outcome = shop.outcome(order)

    assert answer.status_code == 202
    assert (outcome["status"], outcome["cancellation"]) == ("cancelled", {"reason": "changed my mind"})
    assert (shop.stock(sku), shop.charged(order.id)) == ((5, 0, 0), 0)


def test_a_completed_order_is_not_cancelled(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    order = shop.place((sku, 1))
    shop.outcome(order)

    answer = shop.cancel(order)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/order-already-ended")
    assert shop.charged(order.id) == PRICE


def test_a_price_in_the_request_is_refused(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    line = {"sku": sku, "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 1}}

    answer = shop.http.post(
        f"{shop.endpoints['edge']}/v1/orders",
        json={"lines": [line], "payment": {"methodToken": "tok_visa"}},
        headers={"idempotency-key": str(uuid.uuid4())},
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "$.lines[0].unitPrice")


def test_a_customer_never_sees_the_order_of_another(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    anns, bobs = shop.place((sku, 1)), shop.place((sku, 1))

    read = shop.read(anns, token=bobs.token)
    withdrawn = shop.cancel(anns, token=bobs.token)
    listed = shop.http.get(f"{shop.endpoints['edge']}/v1/orders", headers={"authorization": f"Bearer {bobs.token}"}).json()

    assert (read.status_code, withdrawn.status_code) == (404, 404)
    assert [order["id"] for order in listed["items"]] == [bobs.id]
    assert shop.outcome(anns)["status"] == "completed"


def test_nobody_reads_orders_behind_the_front_door_with_a_guests_token(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5), 1))

    answer = shop.http.get(f"{shop.endpoints['orders']}/v1/orders/{order.id}", headers={"authorization": f"Bearer {order.token}"})

    assert answer.status_code == 401


def test_one_trace_leads_from_the_request_to_the_last_consumer(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5), 1))
    shop.outcome(order)
    steps = {
        "ReserveStock",
        "StockReserved",
        "AuthorisePayment",
        "PaymentAuthorised",
        "CommitStock",
        "StockCommitted",
        "CapturePayment",
        "PaymentCaptured",
    }

    services = {"edge", "orders", "inventory", "payments", "psp"}

    def whole_trace() -> list[dict[str, object]] | None:
        """The trace once every service has sent its spans: each sends its own, in batches."""
        spans = shop.trace(order)
        handled = {str(span["name"]).partition(" ")[0] for span in spans if span["kind"] == "consumer"}
        return spans if handled >= steps and {span["service"] for span in spans} >= services else None

    spans = until("the trace holds every step and every service from the request to the last consumer", whole_trace, seconds=30)

    assert {span["service"] for span in spans} == services
    assert [span["name"] for span in spans if span["kind"] == "server"][:2] == ["POST /v1/orders", "POST /v1/orders"]


def test_neither_token_nor_card_reaches_logs_or_traces(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5), 1), card="tok_neverlogthis")
    shop.outcome(order)

    logged = until(
        "the order is in the logs", lambda: shop.sandbox.cli("logs", "--correlation", order.answer.headers["x-correlation-id"])
    )
    trace = until("the order is traced", lambda: shop.trace(order))

    assert "tok_neverlogthis" not in f"{logged}{trace}"
    assert order.token not in f"{logged}{trace}"
