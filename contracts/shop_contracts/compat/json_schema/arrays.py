"""How schemas of arrays differ."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.json_schema.content import compare_rest, compare_unevaluated
from shop_contracts.compat.json_schema.difference import Comparison, Difference, below, differ, limits
from shop_contracts.compat.json_schema.nodes import AnyNode, ArrayNode, NeverNode, Node


def arrays(comparison: Comparison, writer: ArrayNode, reader: ArrayNode) -> Iterator[Difference]:
    """Yield the differences of two schemas for arrays."""
    yield from below(("items",), comparison.pair(writer.items, reader.items))
    for index in range(max(len(writer.prefix), len(reader.prefix))):
        yield from below((f"items/{index}",), _element(comparison, writer, reader, index))
    yield from below(("additionalItems",), compare_rest(comparison, "ITEMS", writer.additional, reader.additional))
    unevaluated = compare_unevaluated(comparison, "ITEMS", writer.unevaluated, reader.unevaluated)
    yield from below(("unevaluatedItems",), unevaluated)
    yield from limits(writer.bounds, reader.bounds)
    if writer.unique != reader.unique:
        change = "ADDED" if reader.unique else "REMOVED"
        yield differ(f"UNIQUE_ITEMS_{change}", "uniqueItems", written=writer.unique, read=reader.unique)


def _element(comparison: Comparison, writer: ArrayNode, reader: ArrayNode, index: int) -> Iterator[Difference]:
    before = writer.prefix[index] if index < len(writer.prefix) else None
    after = reader.prefix[index] if index < len(reader.prefix) else None
    if after is None and before is not None:
        yield from _removed(comparison, before, reader)
    elif before is None and after is not None:
        yield from _added(comparison, writer, after)
    else:
        yield from comparison.pair(before, after)


def _removed(comparison: Comparison, before: Node, reader: ArrayNode) -> Iterator[Difference]:
    rest = _covering(reader)
    if reader.is_open:
        yield differ("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", written=before)
    elif rest is not None:
        inside = comparison.pair(before, rest)
        yield from inside
        fits = "IS" if comparison.is_compatible(inside) else "NOT"
        yield differ(f"ITEM_REMOVED_{fits}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", written=before, read=rest)
    elif isinstance(before, NeverNode):
        yield differ("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", written=before)
    else:
        yield differ("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", written=before)


def _added(comparison: Comparison, writer: ArrayNode, after: Node) -> Iterator[Difference]:
    rest = _covering(writer)
    if writer.is_open:
        how = "ITEM_WITH_EMPTY_SCHEMA" if isinstance(after, AnyNode) else "ITEM"
        yield differ(f"{how}_ADDED_TO_OPEN_CONTENT_MODEL", read=after)
    elif rest is not None:
        inside = comparison.pair(rest, after)
        yield from inside
        fits = "IS" if comparison.is_compatible(inside) else "NOT"
        yield differ(f"ITEM_ADDED_{fits}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", written=rest, read=after)
    else:
        yield differ("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", read=after)


def _covering(node: ArrayNode) -> Node | None:
    """Return what a partially open schema says of further elements; None where it says nothing or allows none."""
    if node.additional is not None:
        return None if isinstance(node.additional, NeverNode) else node.additional
    return None if isinstance(node.unevaluated, NeverNode | AnyNode) else node.unevaluated
