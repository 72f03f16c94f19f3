"""How schemas of values without parts differ."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from shop_contracts.compat.json_schema.difference import Difference, differ, limits
from shop_contracts.compat.json_schema.nodes import ConstNode, EnumNode, NumberNode, StringNode
from shop_contracts.compat.json_schema.values import identity


def strings(writer: StringNode, reader: StringNode) -> Iterator[Difference]:
    """Yield the differences of two schemas for texts."""
    yield from limits(writer.bounds, reader.bounds)
    before, after = writer.pattern, reader.pattern
    if before == after:
        return
    change = "ADDED" if before is None else "REMOVED" if after is None else "CHANGED"
    yield differ(f"PATTERN_{change}", "pattern", written=before, read=after)


def numbers(writer: NumberNode, reader: NumberNode) -> Iterator[Difference]:
    """Yield the differences of two schemas for numbers."""
    yield from limits(writer.bounds, reader.bounds)
    change = _step_change(writer.multiple_of, reader.multiple_of)
    if change is not None:
        yield differ(f"MULTIPLE_OF_{change}", "multipleOf", written=writer.multiple_of, read=reader.multiple_of)
    if writer.is_integer != reader.is_integer:
        yield differ("TYPE_EXTENDED" if writer.is_integer else "TYPE_NARROWED", written=writer, read=reader)


def _step_change(before: Any, after: Any) -> str | None:
    if before is None or after is None:
        return None if before == after else "ADDED" if before is None else "REMOVED"
    old, new = Decimal(str(before)), Decimal(str(after))
    if old == new:
        return None
    if new % old == 0:
        return "EXPANDED"
    return "REDUCED" if old % new == 0 else "CHANGED"


def enums(writer: EnumNode, reader: EnumNode) -> Iterator[Difference]:
    """Yield the differences of two lists of values, whatever their order."""
    before, after = ({identity(value) for value in node.values} for node in (writer, reader))
    if before != after:
        change = "EXTENDED" if before < after else "NARROWED" if after < before else "CHANGED"
        yield differ(f"ENUM_ARRAY_{change}", "enum", written=writer.values, read=reader.values)


def consts(writer: ConstNode, reader: ConstNode) -> Iterator[Difference]:
    """Yield the difference of two single values."""
    if identity(writer.value) != identity(reader.value):
        yield differ("ENUM_ARRAY_CHANGED", "const", written=writer.value, read=reader.value)
