"""The name of an article."""

from __future__ import annotations

import re
from typing import NewType

PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""What a SKU looks like: it stands in URLs, keys and file names as it is."""

Sku = NewType("Sku", str)
"""A stock keeping unit: an article as the shop counts it. To a running program it is a plain text, for encoders take no other."""


class InvalidSku(ValueError):
    """A text that names no article."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:80]!r} is no SKU: letters, digits, dots, underscores and hyphens, at most 64")


def is_sku(text: str) -> bool:
    """Return whether an article may be called so."""
    return re.fullmatch(PATTERN, text) is not None


def parse_sku(text: str) -> Sku:
    """Return a text known to be a SKU. Raises InvalidSku."""
    if not is_sku(text):
        raise InvalidSku(text)
    return Sku(text)
