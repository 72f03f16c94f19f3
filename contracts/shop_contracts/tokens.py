"""What the shop's tokens say of themselves, as their issuer and those who take them have agreed."""

from __future__ import annotations

ISSUER = "shop-edge"
"""The edge signs every token, and publishes its keys at `/.well-known/jwks.json`."""

INTERNAL_AUDIENCE = "shop-internal"
"""Tokens that services take: they say for whom the edge, or an operator, asks."""

PUBLIC_AUDIENCE = "shop"
"""Tokens that the edge takes: a customer holds them."""

QUOTE_ISSUER = "shop-pricing"
"""Pricing signs every quote, and publishes its keys at `/.well-known/jwks.json`."""

QUOTE_AUDIENCE = "shop-orders"
"""Orders takes quotes."""

QUOTE_CLAIM = "quote"
"""The claim of a quote token that holds what was priced; its `jti` is the quote's id."""

ANYBODY = "guest"
"""The subject of a quote that was made for nobody in particular: whoever holds it may use it."""
