"""What the shop's tokens say of themselves, as their issuer and those who take them have agreed."""

from __future__ import annotations

ISSUER = "shop-edge"
"""The edge signs every token, and publishes its keys at `/.well-known/jwks.json`."""

INTERNAL_AUDIENCE = "shop-internal"
"""Tokens that services take: they say for whom the edge, or an operator, asks."""

PUBLIC_AUDIENCE = "shop"
"""Tokens that the edge takes: a customer holds them."""
