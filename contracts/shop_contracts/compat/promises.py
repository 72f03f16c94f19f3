"""What a schema promises of a path of fields: that no record is without it. Elements and values of maps are passed through."""

from __future__ import annotations

from collections.abc import Sequence

from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.avro.types import Type
from shop_contracts.compat.json_schema.judge import JsonVersion
from shop_contracts.compat.json_schema.nodes import (
    ArrayNode,
    CombinedNode,
    ConstNode,
    Criterion,
    EnumNode,
    NeverNode,
    Node,
    NullNode,
    ObjectNode,
)

_DEEPEST = 50


def promises(version: AvroVersion | JsonVersion, steps: Sequence[str]) -> bool:
    """Return whether every record is sure to have something other than null at a path, in every branch and element on the way."""
    if isinstance(version, AvroVersion):
        return promised_by_avro(version.type, steps)
    return promised_by_json([version.schema.root], steps)


def promised_by_avro(type_: Type, steps: Sequence[str]) -> bool:
    """Return whether every record has something other than null at a path; elements of a list that has none count as having it."""
    match type_.kind:
        case "union":
            return all(promised_by_avro(branch, steps) for branch in type_.branches)
        case "null":
            return False
        case _ if not steps:
            return True
        case "array" | "map" as kind:
            return promised_by_avro(type_.inside("items" if kind == "array" else "values"), steps)
        case "record":
            return any(field.name == steps[0] and promised_by_avro(field.type, steps[1:]) for field in type_.fields)
    return False


def promised_by_json(nodes: Sequence[Node], steps: Sequence[str], depth: int = 0) -> bool:
    """Return whether every document of which all of some schemas hold is sure to have something other than null at a path.

    That it is not sure does not mean that there is a document without it: conditions and the like are not looked into.
    """
    if depth > _DEEPEST:
        return False
    plain, choices = _taken_apart(nodes)
    return _promised_by_plain(plain, steps, depth) or any(
        all(promised_by_json([*plain, branch], steps, depth + 1) for branch in choice.branches) for choice in choices
    )


def _taken_apart(nodes: Sequence[Node]) -> tuple[list[Node], list[CombinedNode]]:
    plain, choices, waiting, seen = list[Node](), list[CombinedNode](), list(nodes), set[int]()
    while waiting:
        node = waiting.pop().resolved()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if not isinstance(node, CombinedNode):
            plain.append(node)
        elif node.criterion is Criterion.ALL:
            waiting += node.branches
        else:
            choices.append(node)
    return plain, choices


def _promised_by_plain(plain: Sequence[Node], steps: Sequence[str], depth: int) -> bool:
    if any(isinstance(node, NeverNode) for node in plain):
        return True
    typed = [node for node in plain if isinstance(node.source, dict) and "type" in node.source and not isinstance(node, NullNode)]
    if not steps:
        values = [
            node.values if isinstance(node, EnumNode) else [node.value] for node in plain if isinstance(node, EnumNode | ConstNode)
        ]
        return bool(typed) or any(None not in one for one in values)
    objects = [node for node in plain if isinstance(node, ObjectNode)]
    if any(isinstance(node, ObjectNode) for node in typed):
        inside = [node.properties[steps[0]] for node in objects if steps[0] in node.properties]
        return any(steps[0] in node.required for node in objects) and promised_by_json(inside, steps[1:], depth + 1)
    for node in typed:
        if isinstance(node, ArrayNode):
            elements = [*node.prefix, *(one for one in (node.items or node.additional,) if one is not None)]
            return bool(elements) and all(promised_by_json([one], steps, depth + 1) for one in elements)
    return False
