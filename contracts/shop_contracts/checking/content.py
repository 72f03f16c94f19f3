"""Contents of records in Avro or JSON Schema as plain data: what a path of fields leads to in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Needed = dict[str, "Needed"]
"""Names of fields that must be filled, each with those below it."""


class Map(dict[str, Any]):
    """The value of an Avro map: its keys are data, and a path passes through them."""


def needed_tree(paths: Iterable[Sequence[str]]) -> Needed:
    """The fields that paths lead through, as a tree."""
    tree: Needed = {}
    for steps in paths:
        below = tree
        for step in steps:
            below = below.setdefault(step, {})
    return tree


def is_filled(value: Any, steps: Sequence[str]) -> bool:
    """Whether a path leads to something that is not null, in every element on the way; a list without elements lacks nothing."""
    if value is None or not steps:
        return value is not None
    if isinstance(value, list | Map):
        return all(is_filled(one, steps) for one in (value.values() if isinstance(value, Map) else value))
    return isinstance(value, dict) and steps[0] in value and is_filled(value[steps[0]], steps[1:])


def cut(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    """What paths lead to, and nothing else. A path that ends takes all that is there."""
    if not paths or any(not path for path in paths):
        return value
    if isinstance(value, list):
        return [cut(element, paths) for element in value]
    if isinstance(value, Map):
        return Map({key: cut(element, paths) for key, element in value.items()})
    if not isinstance(value, dict):
        return value
    names = dict.fromkeys(path[0] for path in paths if path[0] in value)
    return {name: cut(value[name], [path[1:] for path in paths if path[0] == name]) for name in names}


def json_path(value: Any, steps: Sequence[str]) -> str:
    """A path in the notation of JSONPath, as far as it leads: `$.lines[*].sku`."""
    if not steps:
        return "$"
    if isinstance(value, list) and value:
        return "$[*]" + json_path(value[0], steps)[1:]
    if isinstance(value, Map) and value:
        return "$.*" + json_path(next(iter(value.values())), steps)[1:]
    if isinstance(value, dict) and steps[0] in value:
        return f"$.{steps[0]}" + json_path(value[steps[0]], steps[1:])[1:]
    return "$"
