"""Defaults of fields: which JSON stands for a value of a type.

https://avro.apache.org/docs/1.12.0/specification/#schema-record (the table of default values)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shop_contracts.compat.avro.types import Type


def fits(value: Any, type_: Type) -> bool:  # noqa: PLR0911 - one return a kind of type
    """Return whether JSON stands for a value of a type: of any branch of a union, as the specification has it since 1.12."""
    match type_.kind:
        case "union":
            return any(fits(value, branch) for branch in type_.branches)
        case "array":
            return isinstance(value, list) and all(fits(one, type_.inside("items")) for one in value)
        case "map":
            return isinstance(value, dict) and all(fits(one, type_.inside("values")) for one in value.values())
        case "record":
            return isinstance(value, dict) and all(
                fits(value[field.name], field.type) if field.name in value else field.has_default for field in type_.fields
            )
        case "enum":
            return value in type_.word("symbols")
        case "fixed":
            return isinstance(value, str) and len(value) == type_.word("size")
        case kind:
            return _FITS[kind](value)


def _is_whole(value: Any, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: _is_whole(value, 31),
    "long": lambda value: _is_whole(value, 63),
    "float": _is_number,
    "double": _is_number,
    "bytes": lambda value: isinstance(value, str),
    "string": lambda value: isinstance(value, str),
}
