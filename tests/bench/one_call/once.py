"""One call."""

from __future__ import annotations

from shop_loadtests.visitor import Visitor


def visit(visitor: Visitor) -> None:
    """Ask once."""
    visitor.call("ask", "GET", "/")
