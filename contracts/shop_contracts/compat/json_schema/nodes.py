"""Schemas as a comparison sees them: each of one kind, with the keywords of that kind.

What a schema object says of several kinds (`enum` beside `type`, `properties` beside `anyOf`) is a conjunction of nodes, one each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Criterion(StrEnum):
    """How many branches of a combined schema must hold."""

    ALL = "allOf"
    ANY = "anyOf"
    ONE = "oneOf"


@dataclass(eq=False, slots=True, kw_only=True)
class Node:
    """A schema. `source` is what stands in the document for it; `annotations` are `id`, `title`, `description` and `default`."""

    source: Any
    annotations: dict[str, Any] = field(default_factory=dict)
    connect_type: Any = None
    """What Kafka Connect's converter says of the value: it writes the same bytes as a text or as a number."""

    def resolved(self) -> Node:
        """Return what is meant: the node itself, or what its chain of references ends in."""
        if not isinstance(self, ReferenceNode):
            return self
        node: Node = self
        seen: set[int] = set()
        while isinstance(node, ReferenceNode) and node.target is not None and id(node) not in seen:
            seen.add(id(node))
            node = node.target
        return node


class AnyNode(Node):
    """Lets everything through."""


class NeverNode(Node):
    """Lets nothing through."""


class BooleanNode(Node):
    """`type: boolean`."""


class NullNode(Node):
    """`type: null`."""


class ConditionalNode(Node):
    """`if`, `then` and `else`, which a comparison does not look into."""


@dataclass(eq=False, slots=True, kw_only=True)
class ReferenceNode(Node):
    """A `$ref`; `target` is what it leads to."""

    target: Node | None = None


@dataclass(eq=False, slots=True, kw_only=True)
class StringNode(Node):
    """Texts. `bounds` are `minLength` and `maxLength` as far as they are there."""

    bounds: Mapping[str, Any]
    pattern: str | None


@dataclass(eq=False, slots=True, kw_only=True)
class NumberNode(Node):
    """Numbers. `bounds` are the two limits and the two exclusive limits, as far as they are there."""

    bounds: Mapping[str, Any]
    multiple_of: Any
    is_integer: bool


@dataclass(eq=False, slots=True, kw_only=True)
class EnumNode(Node):
    """One of some values."""

    values: list[Any]


@dataclass(eq=False, slots=True, kw_only=True)
class ConstNode(Node):
    """One value."""

    value: Any


@dataclass(eq=False, slots=True, kw_only=True)
class NotNode(Node):
    """Whatever another schema refuses."""

    inside: Node


@dataclass(eq=False, slots=True, kw_only=True)
class CombinedNode(Node):
    """Several schemas. `is_implied` where no keyword says so: by several types, or by keywords of several kinds."""

    criterion: Criterion
    branches: list[Node]
    is_implied: bool = False
    distinct: list[Node] = field(init=False)
    """The branches without those that say what another says."""

    def __post_init__(self) -> None:
        self.distinct = list({written(branch): branch for branch in self.branches}.values())


@dataclass(eq=False, slots=True, kw_only=True)
class ObjectNode(Node):
    """Objects. `additional` is what undeclared properties may be: None where anything, a NeverNode where none are allowed."""

    bounds: Mapping[str, Any]
    properties: Mapping[str, Node]
    patterns: Mapping[str, Node]
    required: frozenset[str]
    additional: Node | None
    unevaluated: Node | None
    property_dependencies: Mapping[str, frozenset[str]]
    schema_dependencies: Mapping[str, Node]

    @property
    def is_open(self) -> bool:
        """Whether an undeclared property may be anything."""
        return self.additional is None and not self.patterns and (self.unevaluated is None or isinstance(self.unevaluated, AnyNode))


@dataclass(eq=False, slots=True, kw_only=True)
class ArrayNode(Node):
    """Arrays. `items` is what every element is, `prefix` what the first ones are in turn, `additional` what further ones are."""

    bounds: Mapping[str, Any]
    unique: bool
    items: Node | None
    prefix: list[Node]
    additional: Node | None
    unevaluated: Node | None

    @property
    def is_open(self) -> bool:
        """Whether an element behind the listed ones may be anything."""
        return self.additional is None and (self.unevaluated is None or isinstance(self.unevaluated, AnyNode))


def written(node: Node) -> str:
    """Return a text that two nodes share when they say the same: what the branches of a combined schema are told apart by."""
    return f"{type(node).__name__} {json.dumps(node.source, sort_keys=True)}"
