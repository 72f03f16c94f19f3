"""What became of an order, and why, told by `explain` in sentences."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from e2e.shop import CHECKOUT, CommandFailed, Ordered, Shop, until


def story(shop: Shop, order: Ordered) -> dict[str, Any]:
    return shop.sandbox.cli("explain", order.id)


def page(shop: Shop, order: Ordered) -> str:
    command = [sys.executable, "-m", "shop_dev", "explain", order.id, "--name", shop.sandbox.name]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60).stdout


def ended(shop: Shop, order: Ordered) -> dict[str, Any]:
    """The story, once all services have sent their spans."""
    return until("the story has its end", lambda: found if (found := story(shop, order))["outcome"] else None)


def test_the_story_of_an_order_that_completes_has_no_trouble_in_it(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5), 1))
    shop.outcome(order)

    told = ended(shop, order)

    texts = [step["text"] for step in told["steps"]]
    assert (told["subject"], told["outcome"], told["waits"]) == (order.id, "completed", [])
    assert any(text.startswith("edge was asked POST /v1/orders and answered 202") for text in texts)
    asked, reserved = (next(at for at, text in enumerate(texts) if text.startswith(begin)) for begin in _RESERVING)
    assert asked < reserved
    assert [step for step in told["steps"] if step["isTrouble"]] == []


_RESERVING = ("orders told inventory: ReserveStock", "inventory told orders: StockReserved")


def test_the_story_of_a_declined_card_says_why(shop: Shop) -> None:
    order = shop.place((shop.new_article(stock=5), 1), card="tok_declined")
    shop.outcome(order)
    ended(shop, order)

    told = page(shop, order)

    assert "payments told orders: PaymentDeclined" in told
    assert "orders told inventory: ReleaseStock" in told
    assert re.search(r"^It ended after [0-9.]+ m?s: rejected: payment-declined, The card was declined.$", told, re.MULTILINE)


def test_the_story_of_an_order_that_hangs_says_on_whom_since_when_and_why(shop: Shop) -> None:
    shop.sandbox.cli("stop", "payments")
    try:
        order = shop.place((shop.new_article(stock=5), 1))

        def hanging() -> dict[str, Any] | None:
            try:
                found = story(shop, order)
            except CommandFailed:
                return None  # no span of it has arrived
            return found if found["waits"] else None

        told = until("payments is waited for", hanging)
        (waits,) = told["waits"]
        assert (waits["service"], waits["message"], waits["topic"]) == ("payments", "AuthorisePayment", "shop.payments.commands.v1")
        assert waits["why"] == ["payments is stopped: stop was asked for"]
        assert waits["seconds"] >= 0
        assert told["outcome"] is None
        assert "payments has not dealt with AuthorisePayment for " in page(shop, order)
    finally:
        shop.sandbox.cli("up")
    assert shop.outcome(order)["status"] == "completed"


def test_what_nobody_mentions_is_not_found(shop: Shop) -> None:
    with pytest.raises(CommandFailed) as refusal:
        shop.sandbox.cli("explain", "ord_nobody_has_heard_of")

    assert json.dumps("trace_not_found") in str(refusal.value)
