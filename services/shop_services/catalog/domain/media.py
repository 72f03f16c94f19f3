"""Pictures: which kinds the shop takes, and how the bytes of each begin."""

from __future__ import annotations

import re

LARGEST_BYTES = 10 * 1024 * 1024
HEAD_BYTES = 32
"""How much of the beginning tells the kinds apart."""

# https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern, and ISO 23000-22 for AVIF's brands
_BEGINNINGS = {
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/webp": re.compile(rb"RIFF.{4}WEBPVP", re.DOTALL),
    "image/avif": re.compile(rb".{4}ftypavi[fs]", re.DOTALL),
}
KINDS = tuple(_BEGINNINGS)


class PictureRefused(Exception):
    """What was uploaded is no picture that the shop takes. The text says why."""


def kind_of(head: bytes) -> str | None:
    """Return the media type that the first HEAD_BYTES bytes of a picture show, None for anything else."""
    return next((kind for kind, beginning in _BEGINNINGS.items() if beginning.match(head)), None)


def checked(head: bytes, *, size: int, declared: str) -> str:
    """Return the media type of what was uploaded as `declared`. Raises PictureRefused."""
    if not 0 < size <= LARGEST_BYTES:
        raise PictureRefused(f"it has {size} bytes; 1 to {LARGEST_BYTES} are taken")
    found = kind_of(head)
    if found is None:
        raise PictureRefused(f"its bytes are none of {', '.join(KINDS)}")
    if found != declared:
        raise PictureRefused(f"it was uploaded as {declared}, but its bytes are {found}")
    return found
