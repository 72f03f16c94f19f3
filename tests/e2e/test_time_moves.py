"""Time that is moved forward: what takes minutes happens at once, and the books stay right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from e2e.shop import Sandbox, Shop, until

pytestmark = pytest.mark.e2e


def test_a_checkout_that_hangs_is_given_up_as_soon_as_its_time_has_passed(shop: Shop) -> None:
    sku = shop.new_article(stock=3)

    with paused(shop.sandbox, "payments"):
        order = shop.place((sku, 2))
        until("the stock is reserved", lambda: shop.stock(sku) == (1, 2, 0))
        shop.sandbox.cli("clock", "advance", "2m")  # past the patience of 90 s, not yet the hold of 180 s
        until("the stock is free again", lambda: shop.stock(sku) == (3, 0, 0))
    outcome = shop.outcome(order)

    assert (outcome["status"], outcome["rejection"]["reason"]) == ("rejected", "timed-out")
    assert shop.charged(order.id) == 0


@contextmanager
def paused(sandbox: Sandbox, service: str) -> Iterator[None]:
    """Stop a service's process in its tracks for the block; afterwards it goes on, and time is real again."""
    process = psutil.Process(int(sandbox.resource(service)["pid"]))
    process.suspend()
    try:
        yield
    finally:
        process.resume()
        sandbox.cli("clock", "reset")
