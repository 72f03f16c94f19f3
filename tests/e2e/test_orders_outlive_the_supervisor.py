"""`kill -9` of the supervisor of a shop with orders in it: nothing that was acknowledged is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psutil
import pytest
from e2e.shop import Sandbox, Shop, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    """A sandbox for one test, which may break it."""
    started = Sandbox(f"killed-{uuid.uuid4().hex[:6]}")
    try:
        yield started
    finally:
        started.cli("down", "--purge")
    assert started.survivors() == []


def test_orders_and_stock_survive_a_killed_supervisor(own_sandbox: Sandbox) -> None:
    own_sandbox.cli("up")
    shop = Shop(own_sandbox)
    sku = shop.new_article(stock=5)
    orders = [shop.place((sku, 1)) for _ in range(3)]
    outcomes = [shop.outcome(order)["status"] for order in orders]

    psutil.Process(own_sandbox.status()["supervisorPid"]).kill()
    until("all processes have ended", lambda: own_sandbox.survivors() == [])
    own_sandbox.cli("up")
    again = Shop(own_sandbox)

    assert outcomes == ["completed"] * 3
    assert [again.outcome(order)["status"] for order in orders] == outcomes
    assert again.stock(sku) == (2, 0, 3)
