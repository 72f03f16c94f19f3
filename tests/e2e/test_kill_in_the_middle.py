"""`kill -9` in the middle of many orders: none is lost, none is charged twice, and the books are right."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from e2e.shop import PRICE, Ordered, Shop, all_at_once

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STOCK = 300


@pytest.mark.parametrize(
    "victim, count",
    [
        ("orders", 100),
        ("payments", 100),
        ("psp", 40),
        ("kafka", 100),
        ("inventory", 40),
        ("edge", 40),
        ("postgres", 40),
        ("redis", 40),
    ],
)
def test_killing_a_part_of_the_shop_loses_no_order_and_charges_none_twice(shop: Shop, victim: str, count: int) -> None:
    sku = shop.new_article(stock=STOCK)
    put_aside = shop.dead_letters()
    killed: list[int] = []

    orders = all_at_once(_orders_with_a_kill(shop, sku, count, lambda: killed.append(shop.sandbox.kill(victim))))
    shop.sandbox.until_restarted(victim, was=killed[0])
    outcomes = all_at_once([lambda order=order: shop.outcome(order, seconds=240) for order in orders])  # type: ignore[misc]

    assert len({order.id for order in orders}) == count
    statuses = Counter(outcome["status"] for outcome in outcomes)
    for order, outcome in zip(orders, outcomes, strict=True):
        lines = shop.ledger(order.id)
        assert len(lines) <= 1, lines
        assert shop.charged(order.id) == (PRICE if outcome["status"] == "completed" else 0), (outcome, lines)
    assert shop.stock(sku) == (STOCK - statuses["completed"], 0, statuses["completed"])
    assert shop.dead_letters() == put_aside
    assert statuses["completed"] == count, [outcome for outcome in outcomes if outcome["status"] != "completed"]


def _orders_with_a_kill(shop: Shop, sku: str, count: int, kill: Callable[[], None]) -> list[Callable[[], Ordered]]:
    """Orders to place; whoever places one of the third in the middle kills first."""
    lock = threading.Lock()
    placed = 0

    def place() -> Ordered:
        nonlocal placed
        with lock:
            placed += 1
            if placed == count // 3:
                kill()
        return shop.place((sku, 1))

    return [place] * count
