"""Paths of fields through Avro and JSON Schemas: `order.lines.sku`. Elements of arrays and values of maps are passed through."""

from __future__ import annotations

from collections.abc import Sequence

from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.avro.types import Type
from shop_contracts.compat.json_schema.judge import JsonVersion
from shop_contracts.compat.json_schema.nodes import AnyNode, ArrayNode, CombinedNode, Node, ObjectNode

_DEEPEST = 50


def leads(version: AvroVersion | JsonVersion, steps: Sequence[str]) -> bool:
    """Return whether a path leads to a field that a schema names, in at least one branch on the way."""
    if isinstance(version, AvroVersion):
        return leads_through_avro(version.type, steps)
    return leads_through_json(version.schema.root, steps)


def leads_through_avro(type_: Type, steps: Sequence[str]) -> bool:
    """Return whether a path leads to a field, in at least one branch of every union on the way."""
    match type_.kind:
        case "union":
            return any(leads_through_avro(branch, steps) for branch in type_.branches if branch.kind != "null")
        case "array":
            return leads_through_avro(type_.inside("items"), steps)
        case "map":
            return leads_through_avro(type_.inside("values"), steps)
        case _ if not steps:
            return True
        case "record":
            return any(field.name == steps[0] and leads_through_avro(field.type, steps[1:]) for field in type_.fields)
    return False


def leads_through_json(node: Node, steps: Sequence[str], depth: int = 0) -> bool:
    """Return whether a path leads to a declared property, in at least one branch on the way; what may be anything has any."""
    node = node.resolved()
    if not steps or isinstance(node, AnyNode):
        return True
    if depth > _DEEPEST:
        return False
    match node:
        case CombinedNode():
            return any(leads_through_json(branch, steps, depth + 1) for branch in node.branches)
        case ArrayNode():
            inside = [*node.prefix, *(one for one in (node.items, node.additional) if one is not None)]
            return not inside or any(leads_through_json(one, steps, depth + 1) for one in inside)
        case ObjectNode() if steps[0] in node.properties:
            return leads_through_json(node.properties[steps[0]], steps[1:], depth + 1)
    return False
