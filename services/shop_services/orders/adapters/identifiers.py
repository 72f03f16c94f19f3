"""Ids of orders: sortable by time, and not to be guessed."""

from __future__ import annotations

import re
import secrets
import time

# Crockford's base 32: no letters that read like digits, https://www.crockford.com/base32.html
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ORDER_ID = re.compile(f"ord_[{ALPHABET}]{{26}}")


def is_order_id(text: str) -> bool:
    """Return whether an order may be called so. Nothing else needs to be looked for, nor can be: PostgreSQL refuses some texts."""
    return _ORDER_ID.fullmatch(text) is not None


def new_order_id() -> str:
    """Return `ord_` and 26 characters in the manner of a ULID: 48 bits of milliseconds, 80 bits of chance."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "ord_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
