"""Identifiers of things: sortable by time, and not to be guessed."""

from __future__ import annotations

import re
import secrets
import time

# Crockford's base 32: no letters that read like digits, https://www.crockford.com/base32.html
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_identifier(prefix: str) -> str:
    """Return `<prefix>_` and 26 characters in the manner of a ULID: 48 bits of milliseconds, 80 bits of chance."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_identifier(prefix: str, text: str) -> bool:
    """Return whether a thing may be called so. Nothing else needs to be looked for, nor can be: stores refuse some texts."""
    return re.fullmatch(f"{prefix}_[{ALPHABET}]{{26}}", text) is not None
