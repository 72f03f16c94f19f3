"""How deep JSON goes: what is read by recursion has to end somewhere, wherever the interpreter's own limit is."""

from __future__ import annotations

from typing import Any


def is_deeper(data: Any, levels: int) -> bool:
    """Return whether parsed JSON has values more than so many levels inside."""
    waiting = [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > levels:
            return True
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += [(one, depth + 1) for one in below]
    return False
