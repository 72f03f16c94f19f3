"""The first day of somebody new in this shop, task by task: each command is typed, and each screen is read."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from e2e.first_day.script import Developer, Task, read
from e2e.shop import CHECKOUT, CommandFailed, Shop, until

HERE = Path(__file__).parent


def outcome_of(shop: Shop, order: str) -> object:
    """What became of an order by its trace, as soon as that says so."""
    try:
        return shop.sandbox.cli("trace", order)["outcome"]
    except CommandFailed:
        return None


@pytest.fixture(scope="module")
def at_the_shop(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """Somebody in this checkout, whose shop has completed one order and declined the card of another."""
    article = shop.new_article(stock=5)
    orders = {"ORDER": shop.place((article, 1)), "DECLINED": shop.place((article, 1), card="tok_declined")}
    for order in orders.values():
        shop.outcome(order)
        until("the spans of the order are there", partial(outcome_of, shop, order.id))
    shop.until_all_is_consumed("orders", "payments", "inventory")
    variables = {name: order.id for name, order in orders.items()}
    environment = {**os.environ, "SHOP_NAME": shop.sandbox.name, **variables}
    return Developer.at(CHECKOUT, environment, tools=tmp_path_factory.mktemp("tools"))


@pytest.mark.parametrize("task", read(HERE / "in_the_shop.day"), ids=lambda task: task.name)
def test_in_the_shop(task: Task, at_the_shop: Developer) -> None:
    at_the_shop.does(task)
