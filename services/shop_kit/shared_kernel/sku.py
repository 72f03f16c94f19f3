"""The name of an article."""

from __future__ import annotations

import re

PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""What a SKU looks like: it stands in URLs, keys and file names as it is."""


class InvalidSku(ValueError):
    """A text that names no article."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:80]!r} is no SKU: letters, digits, dots, underscores and hyphens, at most 64")


class Sku(str):
    """A stock keeping unit: an article as the shop counts it. Raises InvalidSku."""

    __slots__ = ()

    def __new__(cls, text: str) -> Sku:
        """Return the same text, known to be a SKU."""
        if not re.fullmatch(PATTERN, text):
            raise InvalidSku(text)
        return super().__new__(cls, text)
