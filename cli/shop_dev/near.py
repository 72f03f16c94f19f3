"""The name that somebody meant who typed another one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name that comes closest, or None where none is near enough to be meant."""
    names = list(known)
    swapped = _with_the_same_letters(word, names)
    return swapped or next(iter(get_close_matches(word, names, n=1, cutoff=cutoff)), None)


def _with_the_same_letters(word: str, names: list[str]) -> str | None:
    """Swapped letters weigh too much in words as short as `up` for a measure of likeness."""
    same = [name for name in names if sorted(name) == sorted(word)]
    return max(same, key=lambda name: SequenceMatcher(None, word, name).ratio(), default=None)
