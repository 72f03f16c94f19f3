"""Identifiers of things: sortable by time, and not to be guessed."""

from __future__ import annotations

import re
import secrets
import time
from hashlib import sha256

# Crockford's base 32: no letters that read like digits, https://www.crockford.com/base32.html
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_identifier(prefix: str) -> str:
    """Return `<prefix>_` and 26 characters in the manner of a ULID: 48 bits of milliseconds, 80 bits of chance."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def identifier_from(prefix: str, *names: str) -> str:
    """Return the identifier of what these names name: the same ones give the same, others another."""
    number = int.from_bytes(sha256("\0".join(names).encode()).digest()[:16])
    return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_identifier(prefix: str, text: str) -> bool:
    """Return whether a thing may be called so. Nothing else needs to be looked for, nor can be: stores refuse some texts."""
    return re.fullmatch(f"{prefix}_[{ALPHABET}]{{26}}", text) is not None
