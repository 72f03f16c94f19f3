"""Somebody types a few letters, takes a suggestion and looks at what is found."""

from __future__ import annotations

from urllib.parse import urlencode

from shop_loadtests.visitor import Visitor

BEGINNINGS = ("ba", "br", "ca", "co", "la", "li", "ma", "pa", "pe", "ra", "sa", "sh", "ta", "wa")


def visit(visitor: Visitor) -> None:
    """Search by a word of the shop's own."""
    beginning = visitor.dice.choice(BEGINNINGS)
    suggested = visitor.call("suggestWords", "GET", f"/v1/suggestions?{urlencode({'q': beginning})}")["items"]
    words = visitor.dice.choice(suggested) if suggested else beginning
    visitor.call("searchProducts", "GET", f"/v1/products?{urlencode({'q': words, 'currency': 'EUR', 'limit': 20})}")
