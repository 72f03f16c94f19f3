"""A guest buys one article: quote, order, and the wait until the order is final."""

from __future__ import annotations

import time
from typing import Any

from shop_loadtests.visitor import Refused, Visitor

COMPLETED = "completed"
FINAL = frozenset({COMPLETED, "rejected", "cancelled"})
PATIENCE_SECONDS = 60.0
ORDER_TO_COMPLETED = "order to completed"


def visit(visitor: Visitor) -> None:
    """Order what was quoted; how long it takes to be final counts as `order to completed`. Raises Refused."""
    order_one(visitor)


def order_one(visitor: Visitor, *, token: str | None = None) -> Any:
    """Order an article as a guest, or as whom `token` names, and return the order when it is final. Raises Refused."""
    quote = quote_one(visitor, token=token)
    began = time.monotonic()
    order = place(visitor, quote, token=token)
    token = token or order["guestToken"]
    while order["status"] not in FINAL:
        if time.monotonic() - began > PATIENCE_SECONDS:
            visitor.record(ORDER_TO_COMPLETED, began, "never final")
            raise Refused(f"{order['id']} was not final after {PATIENCE_SECONDS:g} s")
        order = visitor.call("getOrder", "GET", f"/v1/orders/{order['id']}?wait=20", token=token)
    visitor.record(ORDER_TO_COMPLETED, began, None if order["status"] == COMPLETED else f"{order['status']} instead")
    return order


def quote_one(visitor: Visitor, *, token: str | None = None) -> str:
    """Let one article be quoted. Raises Refused."""
    cart = {
        "lines": [{"sku": visitor.dice.choice(visitor.data["skus"]), "quantity": 1}],
        "currency": "EUR",
        "country": "DE",
        "shippingMethod": "standard",
    }
    return str(visitor.call("createQuote", "POST", "/v1/quotes", body=cart, token=token, expected=201)["token"])


def place(visitor: Visitor, quote: str, *, token: str | None = None) -> Any:
    """Order what was quoted, and return the order as it was accepted. Raises Refused."""
    body = {"quote": quote, "payment": {"methodToken": "tok_visa"}}
    return visitor.call("placeOrder", "POST", "/v1/orders", body=body, token=token, expected=202)
