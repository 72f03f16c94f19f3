"""JSON values that are the same value."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


def identity(value: Any) -> Hashable:
    """Return what two JSON values share exactly when they are equal: true is not 1, while 1 and 1.0 are one number."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, dict):
        return ("object", frozenset((name, identity(one)) for name, one in value.items()))
    if isinstance(value, list):
        return ("array", tuple(identity(one) for one in value))
    hashable: Hashable = value
    return hashable
