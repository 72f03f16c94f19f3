"""How much is bought at once."""

from __future__ import annotations

MOST_ARTICLES = 48
"""Different articles in a cart, a quote and an order: what fits into one fits into the next. Inventory holds all of an order or
nothing, in one transaction of DynamoDB, which takes 100 writes: one for each article, one for each level that changes with it, and
a few of its own."""
