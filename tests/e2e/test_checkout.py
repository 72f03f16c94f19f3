"""Orders through the real shop: real Kafka, PostgreSQL, Redis and AWS emulator, each service a process of its own."""

from __future__ import annotations

import uuid
from collections import Counter
from functools import partial

import pytest
from e2e.shop import PRICE, Ordered, Shop, all_at_once, until

pytestmark = pytest.mark.e2e


def test_an_order_completes(shop: Shop) -> None:
    sku = shop.new_article(stock=5)

    order = shop.place((sku, 2))
    outcome = shop.outcome(order)

    assert order.answer.headers["location"] == f"/v1/orders/{order.id}"
    assert (outcome["status"], outcome["total"]) == ("completed", {"currency": "EUR", "minorUnits": 2 * PRICE})
    assert (shop.stock(sku), shop.charged(order.id)) == ((3, 0, 2), 2 * PRICE)


def test_what_is_paid_is_what_was_quoted_with_shipping_and_tax(shop: Shop) -> None:
    mug, pot = shop.new_article(stock=5, price=1_999), shop.new_article(stock=5, price=999)
    quote = shop.quote((mug, 1), (pot, 2))

    order = shop.place(quote=quote["token"])
    outcome = shop.outcome(order)

    assert quote["total"] == 1_999 + 2 * 999 + quote["shipping"]["total"]
    assert quote["shipping"]["total"] > 0
    assert (outcome["status"], outcome["quoteId"], outcome["total"]["minorUnits"]) == ("completed", quote["id"], quote["total"])
    assert outcome["tax"]["minorUnits"] == quote["tax"] > 0
    assert shop.charged(order.id) == quote["total"]


def test_a_price_that_rises_after_the_quote_is_not_charged(shop: Shop) -> None:
    sku = shop.new_article(stock=5, price=PRICE)
    quote = shop.quote((sku, 1))
    shop.set_price(sku, 9 * PRICE, etag='"1"')

    order = shop.place(quote=quote["token"])

    assert shop.outcome(order)["total"]["minorUnits"] == PRICE
    assert shop.charged(order.id) == PRICE
    assert shop.quote((sku, 1))["total"] == 9 * PRICE


def test_a_quote_makes_one_order(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    quote = str(shop.quote((sku, 1))["token"])

    answers = all_at_once([lambda: shop.order(quote)] * 5)

    (accepted,) = [answer for answer in answers if answer.status_code == 202]
    assert [answer.json()["type"] for answer in answers if answer.status_code == 409] == ["/problems/quote-already-used"] * 4
    shop.outcome(Ordered(accepted.json()["id"], accepted.json()["guestToken"], accepted))
    assert shop.stock(sku) == (4, 0, 1)


def test_a_quote_that_was_altered_is_refused(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    dear, cheap = [str(shop.quote((sku, units))["token"]).split(".") for units in (5, 1)]

    answers = [shop.order(f"{dear[0]}.{cheap[1]}.{dear[2]}"), shop.order(f"{dear[0]}.{dear[1]}."), shop.order("a.b.c")]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert {answer.json()["type"] for answer in answers} <= {"/problems/quote-not-valid", "/problems/invalid-body"}
    assert answers[0].json()["type"] == "/problems/quote-not-valid"
    assert shop.stock(sku) == (5, 0, 0)


def test_a_coupon_lowers_the_price_and_is_used_up_by_the_order_that_completes(shop: Shop) -> None:
    sku, code = shop.new_article(stock=5, price=2 * PRICE), shop.new_coupon(most_uses=1)

    order = shop.place((sku, 1), coupons=[code])
    outcome = shop.outcome(order)
    again = shop.ask_for_a_quote((sku, 1), coupons=[code])

    assert (outcome["status"], outcome["couponCodes"]) == ("completed", [code])
    assert (outcome["discount"]["minorUnits"], shop.charged(order.id)) == (2 * PRICE // 5, 2 * PRICE * 4 // 5)
    assert again.status_code == 422


def test_the_coupon_of_an_order_that_fails_can_be_used_again(shop: Shop) -> None:
    sku, code = shop.new_article(stock=5, price=2 * PRICE), shop.new_coupon(most_uses=1)

    failed = shop.outcome(shop.place((sku, 1), coupons=[code], card="tok_declined"))
    order = shop.place((sku, 1), coupons=[code])

    assert (failed["status"], failed["rejection"]["reason"]) == ("rejected", "payment-declined")
    assert (shop.outcome(order)["status"], shop.charged(order.id)) == ("completed", 2 * PRICE * 4 // 5)


def test_of_many_orders_on_one_coupon_as_many_complete_as_it_has_uses_and_nobody_pays_another_price(shop: Shop) -> None:
    sku, code = shop.new_article(stock=9, price=2 * PRICE), shop.new_coupon(most_uses=2)
    quotes = [str(shop.quote((sku, 1), coupons=[code])["token"]) for _ in range(5)]

    orders = all_at_once([partial(shop.place, quote=quote) for quote in quotes])
    outcomes = [shop.outcome(order) for order in orders]

    assert Counter(outcome["status"] for outcome in outcomes) == {"completed": 2, "rejected": 3}
    assert {one["rejection"]["reason"] for one in outcomes if one["status"] == "rejected"} == {"coupon-refused"}
    assert sorted(shop.charged(order.id) for order in orders) == [0, 0, 0, 2 * PRICE * 4 // 5, 2 * PRICE * 4 // 5]
    assert shop.stock(sku) == (7, 0, 2)


def test_while_pricing_is_away_nothing_is_quoted_and_what_was_quoted_is_sold_at_its_price(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    shop.outcome(shop.place((sku, 1)))  # orders knows pricing's keys from now on
    quote = str(shop.quote((sku, 1))["token"])
    shop.sandbox.cli("stop", "pricing")
    try:
        refused = shop.ask_for_a_quote((sku, 1))
        order = shop.place(quote=quote)
        outcome = shop.outcome(order)
    finally:
        shop.sandbox.cli("restart", "pricing")

    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")
    assert (outcome["status"], shop.charged(order.id)) == ("completed", PRICE)


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
    assert [(line["sku"], line["quantity"]) for line in enough["lines"]] == [(sku, 3)]

    assert (too_many["status"], too_many["rejection"]["reason"]) == ("rejected", "out-of-stock")
    assert (enough["status"], enough["total"]["minorUnits"]) == ("completed", 3 * PRICE)
    assert shop.stock(sku) == (0, 0, 3)


def test_an_order_that_is_short_of_one_article_takes_none_of_the_others(shop: Shop) -> None:
    plenty, nothing = shop.new_article(stock=5), shop.new_article(stock=0)

    outcome = shop.outcome(shop.place((plenty, 1), (nothing, 1)))

    assert outcome["rejection"] == {"reason": "out-of-stock", "explanation": f"Not enough in stock: {nothing}."}
    assert shop.stock(plenty) == (5, 0, 0)


def test_an_article_the_shop_does_not_have_is_named(shop: Shop) -> None:
    nothing = shop.new_article(stock=None)

    outcome = shop.outcome(shop.place((nothing, 1)))

    assert outcome["rejection"] == {"reason": "unknown-sku", "explanation": f"There is no such article: {nothing}."}


def test_the_same_request_sent_twice_charges_once(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    key, quote = str(uuid.uuid4()), str(shop.quote((sku, 1))["token"])

    first = shop.place(key=key, quote=quote)
    second = shop.place(key=key, quote=quote)
    shop.outcome(first)
    third = shop.place(key=key, quote=quote)

    assert first.id == second.id == third.id
    assert third.answer.headers["idempotency-replayed"] == "true"
    assert (shop.stock(sku), shop.charged(first.id)) == ((4, 0, 1), PRICE)


def test_the_same_request_sent_many_times_at_once_charges_once(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    key, quote = str(uuid.uuid4()), str(shop.quote((sku, 1))["token"])

    orders = all_at_once([lambda: shop.place(key=key, quote=quote)] * 6)
    shop.outcome(orders[0])

    assert len({order.id for order in orders}) == 1
    assert (shop.stock(sku), shop.charged(orders[0].id)) == ((4, 0, 1), PRICE)


def test_a_key_that_comes_with_another_wish_is_refused(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    key = str(uuid.uuid4())
    shop.place((sku, 1), key=key)

    answer = shop.order(str(shop.quote((sku, 2))["token"]), key=key)

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


@pytest.mark.parametrize("named", ["lines", "total", "price"])
def test_a_price_in_the_request_is_refused(shop: Shop, named: str) -> None:
    quote = str(shop.quote((shop.new_article(stock=5), 1))["token"])
    wish = {"quote": quote, "payment": {"methodToken": "tok_visa"}, named: 1}

    answer = shop.http.post(f"{shop.endpoints['edge']}/v1/orders", json=wish, headers={"idempotency-key": str(uuid.uuid4())})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-body")


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
