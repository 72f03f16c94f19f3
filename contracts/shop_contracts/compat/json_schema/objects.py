"""How schemas of objects differ.

A content model is open where undeclared properties may be anything, closed where there may be none, and partially open where the
schema says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from shop_contracts.compat.json_schema.content import compare_rest, compare_unevaluated
from shop_contracts.compat.json_schema.difference import Comparison, Difference, below, differ, limits
from shop_contracts.compat.json_schema.nodes import AnyNode, NeverNode, Node, ObjectNode, ReferenceNode


def objects(comparison: Comparison, writer: ObjectNode, reader: ObjectNode) -> Iterator[Difference]:
    """Yield the differences of two schemas for objects."""
    yield from _required(writer, reader)
    for name in (*writer.properties, *(name for name in reader.properties if name not in writer.properties)):
        yield from below(("properties", name), _property(comparison, writer, reader, name))
    yield from _property_dependencies(writer.property_dependencies, reader.property_dependencies)
    yield from _schema_dependencies(comparison, writer.schema_dependencies, reader.schema_dependencies)
    yield from below(("additionalProperties",), compare_rest(comparison, "PROPERTIES", writer.additional, reader.additional))
    unevaluated = compare_unevaluated(comparison, "PROPERTIES", writer.unevaluated, reader.unevaluated)
    yield from below(("unevaluatedProperties",), unevaluated)
    yield from limits(writer.bounds, reader.bounds)


def _required(writer: ObjectNode, reader: ObjectNode) -> Iterator[Difference]:
    for name in writer.properties.keys() & reader.properties.keys():
        before, after = name in writer.required, name in reader.required
        if before and not after:
            yield differ("REQUIRED_ATTRIBUTE_REMOVED", "required", name, written=name)
        elif after and not before:
            known = "WITH_DEFAULT_" if _has_default(reader.properties[name]) else ""
            yield differ(f"REQUIRED_ATTRIBUTE_{known}ADDED", "required", name, read=name)


def _property(comparison: Comparison, writer: ObjectNode, reader: ObjectNode, name: str) -> Iterator[Difference]:
    before, after = writer.properties.get(name), reader.properties.get(name)
    if after is None and before is not None:
        yield from _removed(comparison, before, reader, name)
    elif before is None and after is not None:
        yield from _added(comparison, writer, after, reader, name)
    else:
        yield from comparison.pair(before, after)


def _removed(comparison: Comparison, before: Node, reader: ObjectNode, name: str) -> Iterator[Difference]:
    if reader.is_open:
        yield differ("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", written=before)
        return
    rest = _covering(reader, name)
    if rest is not None:
        inside = comparison.pair(before, rest)
        yield from inside
        fits = "IS" if comparison.is_compatible(inside) else "NOT"
        yield differ(f"PROPERTY_REMOVED_{fits}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", written=before, read=rest)
    elif isinstance(before, NeverNode):
        yield differ("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", written=before)
    else:
        yield differ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", written=before)


def _added(comparison: Comparison, writer: ObjectNode, after: Node, reader: ObjectNode, name: str) -> Iterator[Difference]:
    known = "WITH_DEFAULT_" if _has_default(after) else ""
    how = f"REQUIRED_PROPERTY_{known}" if name in reader.required else "OPTIONAL_PROPERTY_"
    if writer.is_open:
        if isinstance(after, AnyNode):
            yield differ("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", read=after)
        else:
            yield differ(f"{how}ADDED_TO_OPEN_CONTENT_MODEL", read=after)
        return
    rest = _covering(writer, name)
    if rest is not None:
        inside = comparison.pair(rest, after)
        yield from inside
        fits = "IS" if comparison.is_compatible(inside) else "NOT"
        yield differ(f"PROPERTY_ADDED_{fits}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", written=rest, read=after)
    yield differ(f"{how}ADDED_TO_UNOPEN_CONTENT_MODEL", read=after)


def _covering(node: ObjectNode, name: str) -> Node | None:
    """Return what a partially open schema says of an undeclared property; None where it says nothing or allows none."""
    for pattern, inside in node.patterns.items():
        if _matches(pattern, name):
            return inside
    if node.additional is not None:
        return None if isinstance(node.additional, NeverNode) else node.additional
    return None if isinstance(node.unevaluated, NeverNode | AnyNode) else node.unevaluated


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # written for another dialect of regular expressions
        return False


def _has_default(node: Node) -> bool:
    return "default" in node.annotations and not isinstance(node, ReferenceNode)


def _property_dependencies(before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]) -> Iterator[Difference]:
    for name in (*before, *(name for name in after if name not in before)):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None or new is None:
            change = "ADDED" if old is None else "REMOVED"
        else:
            change = "EXTENDED" if old < new else "NARROWED" if new < old else "CHANGED"
        told = [sorted(one) if one is not None else None for one in (old, new)]
        yield differ(f"DEPENDENCY_ARRAY_{change}", "dependencies", name, written=told[0], read=told[1])


def _schema_dependencies(comparison: Comparison, before: Mapping[str, Node], after: Mapping[str, Node]) -> Iterator[Difference]:
    for name in (*before, *(name for name in after if name not in before)):
        path = ("dependencies", name)
        if name not in after:
            yield differ("DEPENDENCY_SCHEMA_REMOVED", *path, written=before[name])
        elif name not in before:
            yield differ("DEPENDENCY_SCHEMA_ADDED", *path, read=after[name])
        else:
            yield from below(path, comparison.pair(before[name], after[name]))
