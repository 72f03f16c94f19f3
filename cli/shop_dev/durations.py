"""Spans of time as people type them."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def parse_duration(text: str) -> float | None:
    """Return the seconds in `90s`, `15m`, `1h30m`, `2d`; None for anything else."""
    compact = text.strip().lower()
    if not re.fullmatch(rf"(?:{_PART.pattern})+", compact):
        return None
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(compact))
