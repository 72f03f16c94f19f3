"""Schemas as containment sees them: conjunctions of places in a document, in the JSON Schema of that document's version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shop_contracts.openapi_diff.changes import Direction
from shop_contracts.openapi_diff.documents import Node
from shop_contracts.openapi_diff.schemas import Schema, expand

Key = tuple[object, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """What several places demand together; of none, anything. `is_never` lets nothing through, `fixed` but one value."""

    nodes: tuple[Node, ...] = ()
    is_3_0: bool = False
    is_never: bool = False
    fixed: tuple[Any, ...] = ()

    @classmethod
    def of(cls, schema: Schema) -> Part:
        """Return the part that a schema of the comparison is, as it stands."""
        return cls(schema.nodes, schema.is_3_0)

    @property
    def key(self) -> Key:
        """What tells this part from others of the same comparison."""
        return (self.is_3_0, self.is_never, repr(self.fixed), *(node.key for node in self.nodes))

    def conjuncts(self) -> tuple[Node, ...]:
        """Return the schema objects that all hold: references followed, `allOf` taken apart."""
        return expand(self.nodes, is_3_0=self.is_3_0)

    def below(self, node: Node, keyword: str, *path: str | int) -> Part:
        """Return the schema at a keyword of one of the conjuncts, or deeper inside what stands there."""
        value, pointer = node.value[keyword], [keyword]
        for step in path:
            value = value[step]
            pointer.append(str(step))
        return Part((Node(node.document, (*node.pointer, *pointer), value),), self.is_3_0)

    def is_hidden(self, direction: Direction) -> bool:
        """Return whether a property of this schema travels not in a direction: `readOnly` in requests, `writeOnly` in responses."""
        word = "readOnly" if direction is Direction.REQUEST else "writeOnly"
        return any(isinstance(node.value, dict) and node.value.get(word) is True for node in self.conjuncts())


ANYTHING = Part()
NEVER = Part(is_never=True)


def both(parts: list[Part]) -> Part:
    """Return what some parts demand together."""
    if any(part.is_never for part in parts):
        return NEVER
    told = [part for part in parts if part.nodes or part.fixed]
    if len(told) <= 1:
        return told[0] if told else ANYTHING
    fixed = next((part.fixed for part in told if part.fixed), ())
    return Part(tuple(node for part in told for node in part.nodes), any(part.is_3_0 for part in told), fixed=fixed)


def kind_of(value: Any) -> str:
    """Return JSON's type of a value; whole numbers are numbers."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
