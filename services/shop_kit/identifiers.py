"""Identifiers of things: sortable by time, and not to be guessed."""

from __future__ import annotations

import re
import secrets
import time
from hashlib import sha256
from uuid import UUID

# Crockford's base 32: no letters that read like digits, https://www.crockford.com/base32.html
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_identifier(prefix: str) -> str:
    """Return `<prefix>_` and 26 characters in the manner of a ULID: 48 bits of milliseconds, 80 bits of chance."""
    return _written(prefix, (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80))


def identifier_from(prefix: str, *names: str) -> str:
    """Return the identifier of what these names name: the same ones give the same, others another."""
    return _written(prefix, int.from_bytes(sha256("\0".join(names).encode()).digest()[:16]))


def identifier_of_uuid(prefix: str, uuid: UUID) -> str:
    """Return the identifier with the bits of a UUID, for what somebody else has named already."""
    return _written(prefix, uuid.int)


def uuid_of(prefix: str, identifier: str) -> UUID:
    """Return the UUID whose bits an identifier has. Raises ValueError for what is none, or has more bits than a UUID."""
    if not is_identifier(prefix, identifier):
        raise ValueError(f"{identifier!r} is no identifier with the prefix {prefix}")
    number = 0
    for character in identifier.removeprefix(f"{prefix}_"):
        number = number << 5 | ALPHABET.index(character)
    return UUID(int=number)


def is_identifier(prefix: str, text: str) -> bool:
    """Return whether a thing may be called so. Nothing else needs to be looked for, nor can be: stores refuse some texts."""
    return re.fullmatch(f"{prefix}_[{ALPHABET}]{{26}}", text) is not None


def _written(prefix: str, number: int) -> str:
    return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
