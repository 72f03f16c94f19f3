"""A guest has ordered, and looks again and again what became of it, until it is at its end."""

from __future__ import annotations

import time

from shop_loadtests.journeys.checkout import COMPLETED, FINAL, ORDER_TO_COMPLETED, PATIENCE_SECONDS, place, quote_one
from shop_loadtests.visitor import Refused, Visitor

LOOKS_AGAIN_SECONDS = (0.2, 1.0)


def visit(visitor: Visitor) -> None:
    """Order, then read the order after pauses, as a page that is loaded again. Raises Refused."""
    quote = quote_one(visitor)
    began = time.monotonic()
    order = place(visitor, quote)
    token = order["guestToken"]
    while order["status"] not in FINAL:
        if time.monotonic() - began > PATIENCE_SECONDS:
            visitor.record(ORDER_TO_COMPLETED, began, "never final")
            raise Refused(f"{order['id']} was not final after {PATIENCE_SECONDS:g} s")
        visitor.pause(visitor.dice.uniform(*LOOKS_AGAIN_SECONDS))
        order = visitor.call("trackOrder", "GET", f"/v1/orders/{order['id']}", token=token)
    if order["status"] != COMPLETED:
        raise Refused(f"{order['id']} is {order['status']}")
