"""What schemas say of undeclared properties and of further elements, compared the same way for both."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.json_schema.difference import Comparison, Difference, differ
from shop_contracts.compat.json_schema.nodes import AnyNode, NeverNode, Node


def compare_rest(comparison: Comparison, of: str, before: Node | None, after: Node | None) -> Iterator[Difference]:
    """Yield how `additionalProperties` or `additionalItems` differ (`of` is PROPERTIES or ITEMS); None allows anything."""
    was_closed, is_closed = isinstance(before, NeverNode), isinstance(after, NeverNode)
    if was_closed != is_closed:
        yield differ(f"ADDITIONAL_{of}_{'REMOVED' if is_closed else 'ADDED'}", written=before, read=after)
    elif before is None and after is not None:
        yield differ(f"ADDITIONAL_{of}_NARROWED", read=after)
    elif after is None and before is not None:
        yield differ(f"ADDITIONAL_{of}_EXTENDED", written=before)
    else:
        yield from comparison.pair(before, after)


def compare_unevaluated(comparison: Comparison, of: str, before: Node | None, after: Node | None) -> Iterator[Difference]:
    """Yield how `unevaluatedProperties` or `unevaluatedItems` differ; None allows anything, as the empty schema does."""
    ranks = [_rank(one) for one in (before, after)]
    if ranks[0] == ranks[1] == _SOME:
        yield from comparison.pair(before, after)
    elif ranks[0] != ranks[1]:
        if _NONE in ranks:
            change = "REMOVED" if ranks[1] == _NONE else "ADDED"
        else:
            change = "NARROWED" if ranks[1] == _SOME else "EXTENDED"
        yield differ(f"UNEVALUATED_{of}_{change}", written=before, read=after)


_NONE, _SOME, _ALL = range(3)


def _rank(node: Node | None) -> int:
    """Return whether a schema allows nothing, something or everything."""
    return _NONE if isinstance(node, NeverNode) else _ALL if node is None or isinstance(node, AnyNode) else _SOME
