"""A guest buys one article: quote, order, and the wait until the order is final."""

from __future__ import annotations

import time

from shop_loadtests.visitor import Refused, Visitor

COMPLETED = "completed"
FINAL = frozenset({COMPLETED, "rejected", "cancelled"})
PATIENCE_SECONDS = 60.0
ORDER_TO_COMPLETED = "order to completed"


def visit(visitor: Visitor) -> None:
    """Order what was quoted; how long it takes to be final counts as `order to completed`. Raises Refused."""
    cart = {
        "lines": [{"sku": visitor.dice.choice(visitor.data["skus"]), "quantity": 1}],
        "currency": "EUR",
        "country": "DE",
        "shippingMethod": "standard",
    }
    quote = visitor.call("createQuote", "POST", "/v1/quotes", body=cart, expected=201)
    began = time.monotonic()
    body = {"quote": quote["token"], "payment": {"methodToken": "tok_visa"}}
    order = visitor.call("placeOrder", "POST", "/v1/orders", body=body, expected=202)
    token = order["guestToken"]
    while order["status"] not in FINAL:
        if time.monotonic() - began > PATIENCE_SECONDS:
            visitor.record(ORDER_TO_COMPLETED, began, "never final")
            raise Refused(f"{order['id']} was not final after {PATIENCE_SECONDS:g} s")
        order = visitor.call("getOrder", "GET", f"/v1/orders/{order['id']}?wait=20", token=token)
    visitor.record(ORDER_TO_COMPLETED, began, None if order["status"] == COMPLETED else f"{order['status']} instead")
