"""Telling what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def meant(word: str, known: Sequence[str], *, cutoff: float = 0.6) -> str:
    """Return `; did you mean …?` with the nearest known word, or nothing."""
    close = get_close_matches(word, known, n=1, cutoff=cutoff)
    return f"; did you mean {close[0]}?" if close else ""
