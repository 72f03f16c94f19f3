"""Somebody of the shop puts units on a shelf while customers buy from it."""

from __future__ import annotations

from shop_loadtests.visitor import Visitor

MOST_UNITS = 50
TRIES = 5


def visit(visitor: Visitor) -> None:
    """Add units to an article, by the revision that was seen; who came between makes it read again."""
    stock, token = visitor.data["stock"], visitor.data["stockToken"]
    item = f"{stock}/v1/stock-items/{visitor.dice.choice(visitor.data['skus'])}"
    units = visitor.dice.randint(1, MOST_UNITS)
    for _ in range(TRIES):
        seen = visitor.call("readStock", "GET", item, token=token)
        wanted = {"stocked": seen["stocked"] + units, "revision": seen["revision"]}
        if visitor.call("putStockItem", "PUT", item, body=wanted, token=token, expected=(200, 409)).get("stocked"):
            return
