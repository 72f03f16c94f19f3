"""What a schema says, however it is written down.

A schema is what all its conjuncts say together: itself, what its `$ref` leads to, and the branches of its `allOf`. So neither
moving a part into a component nor taking an `allOf` apart changes what is seen here. `nullable`, a type array with `null` and a
branch that is only `null` are one thing too, and so are the two ways to write an exclusive bound.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Any

from shop_contracts.openapi_diff.documents import Node, Place

Key = tuple[Place, ...]

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
ONE_SCHEMA = (
    "items",
    "additionalProperties",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "if",
    "then",
    "else",
    "not",
    "contentSchema",
)
NAMED_SCHEMAS = ("properties", "patternProperties", "dependentSchemas")
ANNOTATIONS = frozenset(
    (
        "title",
        "description",
        "default",
        "example",
        "examples",
        "externalDocs",
        "$comment",
        "xml",
        "$id",
        "$schema",
        "$anchor",
        "$defs",
    )
)
_MOST_CONJUNCTS = 1_000
_NULL: Key = ((-1, ()),)


class Schema:
    """One schema of one version. Two of the same `key` are the same schema."""

    def __init__(self, nodes: tuple[Node, ...], *, is_3_0: bool) -> None:
        self.is_3_0 = is_3_0
        self.nodes = nodes
        self.origin = nodes[0]
        """Where it is asked for, references not followed."""
        self.null_branch = False
        self.conjuncts = expand(nodes, is_3_0=is_3_0)
        if (payload := _beside_null(self.conjuncts)) is not None:
            self.null_branch = True
            self.conjuncts = expand((payload,), is_3_0=is_3_0)
        self.key: Key = tuple(node.key for node in self.conjuncts) + (_NULL if self.null_branch else ())

    def _values(self, keyword: str) -> list[Any]:
        return [node.value[keyword] for node in self.conjuncts if isinstance(node.value, dict) and keyword in node.value]

    def first(self, keyword: str) -> Any:
        """Return what the first conjunct that has a keyword says; None when none has it."""
        values = self._values(keyword)
        return values[0] if values else None

    def has(self, keyword: str) -> bool:
        """Return whether any conjunct has a keyword."""
        return bool(self._values(keyword))

    def place(self, keyword: str | None = None) -> Node:
        """Return where a keyword stands, or else the schema."""
        for node in self.conjuncts:
            if keyword is not None and isinstance(node.value, dict) and keyword in node.value:
                return node.child(keyword, node.value[keyword])
        return self.conjuncts[0] if self.conjuncts else self.origin

    @cached_property
    def is_never(self) -> bool:
        """Whether nothing is valid: the schema `false`, or types that exclude each other."""
        if self.null_branch:
            return False
        return any(node.value is False for node in self.conjuncts) or self._allowed_types == frozenset()

    @cached_property
    def _allowed_types(self) -> frozenset[str] | None:
        allowed: frozenset[str] | None = None
        for value in self._values("type"):
            one = frozenset(map(str, value if isinstance(value, list) else [value]))
            allowed = one if allowed is None else _common_types(allowed, one)
        return allowed

    @cached_property
    def types(self) -> frozenset[str]:
        """The types a value may have, `null` left out unless it is the only one; none when any is allowed."""
        allowed = self._allowed_types or frozenset()
        return allowed - {"null"} or allowed

    @cached_property
    def is_nullable(self) -> bool:
        """Whether null is allowed by the words for it. An untyped schema says nothing about it."""
        if self.null_branch or (self.is_3_0 and self.first("nullable") is True):
            return True
        types = self._values("type")
        return bool(types) and all("null" in (value if isinstance(value, list) else [value]) for value in types)

    @cached_property
    def is_typed(self) -> bool:
        """Whether types are restricted at all."""
        return self.has("type")

    @cached_property
    def required(self) -> frozenset[str]:
        """The names of properties that must be there."""
        return frozenset(name for value in self._values("required") for name in _texts(value))

    @cached_property
    def enum(self) -> list[Any] | None:
        """The values allowed; None when any is."""
        lists = [value for value in self._values("enum") if isinstance(value, list)]
        if not lists:
            return None
        everywhere = [{identity(value) for value in rest} for rest in lists[1:]]
        return [one for one in lists[0] if all(identity(one) in rest for rest in everywhere)]

    @cached_property
    def constants(self) -> list[Any]:
        """The values that `const` demands, each once; nothing is valid where there are several."""
        return list({identity(value): value for value in self._values("const")}.values())

    @cached_property
    def closings(self) -> list[str]:
        """What each of several conjuncts leaves to `additionalProperties`, which sees the properties of its own conjunct only."""
        said = [node.value for node in self.conjuncts if isinstance(node.value, dict)]
        if sum("properties" in one or "additionalProperties" in one for one in said) < 2:
            return []
        return sorted(
            f"{sorted(one.get('properties') or ())} {sorted(one.get('patternProperties') or ())} {_kind_of_rest(one)}"
            for one in said
            if "additionalProperties" in one
        )

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """The patterns that must all match."""
        return tuple(sorted({str(value) for value in self._values("pattern") if value}))

    def bound(self, keyword: str) -> float | int | None:
        """Return the strictest number that a keyword sets; None when it is not set or sets nothing."""
        numbers = [number for node in self.conjuncts if (number := _number(node.value, keyword)) is not None]
        if not numbers:
            return None
        found = max(numbers) if keyword in LOWER else min(numbers)
        return None if found <= 0 and keyword in {"minLength", "minItems", "minProperties"} else found

    @cached_property
    def multiples(self) -> tuple[float | int, ...]:
        """The numbers that values must be multiples of."""
        values = self._values("multipleOf")
        return tuple(sorted({value for value in values if isinstance(value, int | float) and value is not True and value > 0}))

    @cached_property
    def dependent_required(self) -> dict[str, frozenset[str]]:
        """For a property, which others must be there when it is."""
        found: dict[str, frozenset[str]] = {}
        for value in self._values("dependentRequired"):
            for name, names in value.items() if isinstance(value, dict) else ():
                found[name] = found.get(name, frozenset()) | _texts(names)
        return found

    def one(self, keyword: str) -> Schema | None:
        """Return the schema at a keyword of one schema; None when there is none. `true` counts as none."""
        nodes = tuple(
            node.child(keyword, node.value[keyword])
            for node in self.conjuncts
            if isinstance(node.value, dict) and keyword in node.value and node.value[keyword] is not True
        )
        nodes = tuple(node for node in nodes if isinstance(node.value, dict) or node.value is False)
        return Schema(nodes, is_3_0=self.is_3_0) if nodes else None

    def named(self, keyword: str) -> dict[str, Schema]:
        """Return the schemas at a keyword of named ones, such as `properties`."""
        found: dict[str, list[Node]] = {}
        for node in self.conjuncts:
            below = node.value.get(keyword) if isinstance(node.value, dict) else None
            if below is None:
                continue
            members = node.child(keyword, below).mapping()
            for name, value in members.items():
                found.setdefault(name, []).append(Node(node.document, (*node.pointer, keyword, name), value))
        return {name: Schema(tuple(nodes), is_3_0=self.is_3_0) for name, nodes in found.items()}

    def branches(self, keyword: str) -> list[Schema]:
        """Return the schemas at a keyword of a list of them. Those of several conjuncts stand one after another."""
        return [Schema((node,), is_3_0=self.is_3_0) for node in _branches(self.conjuncts, keyword)]

    @cached_property
    def simple_types(self) -> frozenset[str]:
        """The types of a plain schema, or of a `oneOf` or `anyOf` of plain schemas; none where it is more than that."""
        if self.is_typed:
            plain = not any(self.has(keyword) for keyword in ("properties", "not", "oneOf", "anyOf"))
            return self.types if plain else frozenset()
        kinds = [keyword for keyword in ("oneOf", "anyOf") if self.has(keyword)]
        if len(kinds) != 1 or self.has("not") or self.has("properties"):
            return frozenset()
        found: set[str] = set()
        for branch in self.branches(kinds[0]):
            if branch.types <= found:
                return frozenset()
            if len(branch.types) != 1 or any(branch.has(keyword) for keyword in ("properties", "oneOf", "anyOf", "not")):
                return frozenset()
            found |= branch.types
        return frozenset(found)

    @property
    def is_list_of_types(self) -> bool:
        """Whether it is written as a `oneOf` or `anyOf` of plain schemas."""
        return bool(self.simple_types) and not self.is_typed


def expand(nodes: tuple[Node, ...], *, is_3_0: bool) -> tuple[Node, ...]:
    """Return the conjuncts of some nodes: references followed, `allOf` taken apart, each place once. Raises InvalidOpenapi."""
    found: dict[Place, Node] = {}
    seen: set[Place] = set()
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if node.key in seen:
            continue
        seen.add(node.key)
        if len(seen) > _MOST_CONJUNCTS:
            raise node.fault(None, f"one schema has more than {_MOST_CONJUNCTS} parts", "take `allOf` apart")
        if not isinstance(node.value, dict):
            if not isinstance(node.value, bool):
                raise node.fault(None, "a schema is a mapping, true or false", "see the OpenAPI specification")
            found[node.key] = node
            continue
        below: list[Node] = []
        if "$ref" in node.value:
            below.append(node.document.tree.follow(node))
            if is_3_0 or len(node.value) == 1:
                waiting += reversed(below)
                continue
        found[node.key] = node
        below += _dynamic_target(node)
        parts = node.value.get("allOf")
        if parts is not None:
            if not isinstance(parts, list):
                raise node.fault("allOf", "`allOf` is no list", "see the OpenAPI specification")
            below += [Node(node.document, (*node.pointer, "allOf", str(index)), part) for index, part in enumerate(parts)]
        waiting += reversed(below)
    return tuple(node for node in found.values() if node.value is not True and _says_something(node.value))


def _dynamic_target(node: Node) -> list[Node]:
    """Return where a `$dynamicRef` leads when its file has one such anchor only: then it is a reference like any other."""
    name = str(node.value.get("$dynamicRef", ""))
    pointer = node.document.anchors().get(name.removeprefix("#")) if name.startswith("#") and not name.startswith("#/") else None
    if pointer is None:
        return []
    return [node.document.tree.follow(Node(node.document, node.pointer, {"$ref": name}))]


def _kind_of_rest(said: dict[str, Any]) -> str:
    rest = said["additionalProperties"]
    return str(rest) if isinstance(rest, bool) else "schema"


def _says_something(value: Any) -> bool:
    return value is False or any(key not in {"allOf", "$ref"} for key in value)


def _branches(conjuncts: tuple[Node, ...], keyword: str) -> list[Node]:
    found: list[Node] = []
    for node in conjuncts:
        parts = node.value.get(keyword) if isinstance(node.value, dict) else None
        if parts is None:
            continue
        if not isinstance(parts, list):
            raise node.fault(keyword, f"`{keyword}` is no list", "see the OpenAPI specification")
        found += [Node(node.document, (*node.pointer, keyword, str(index)), part) for index, part in enumerate(parts)]
    return found


def _beside_null(conjuncts: tuple[Node, ...]) -> Node | None:
    """Return the one other branch where a schema is nothing but a choice between null and it."""
    if len(conjuncts) != 1 or not isinstance(conjuncts[0].value, dict):
        return None
    telling = [keyword for keyword in conjuncts[0].value if keyword not in ANNOTATIONS]
    if len(telling) != 1 or telling[0] not in {"oneOf", "anyOf"}:
        return None
    branches = _branches(conjuncts, telling[0])
    others = [branch for branch in branches if not _is_null(branch.value)]
    if len(others) != 1 or len(branches) != 2 or _allows_null(others[0].resolved().value):
        return None
    return others[0]


def _is_null(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in ("null", ["null"]) and not (value.keys() - ANNOTATIONS - {"type"})


def _allows_null(value: Any) -> bool:
    if not isinstance(value, dict):
        return value is True
    types = value.get("type")
    return value.get("nullable") is True or "null" in (types if isinstance(types, list) else [types])


def _common_types(some: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    common = some & others
    if all({"integer", "number"} & types for types in (some, others)) and "integer" in some | others:
        common |= {"integer"}
    return common


def _texts(value: Any) -> frozenset[str]:
    """Return the texts of a list; of anything else none, for what is no list of names restricts nothing."""
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()


def _number(value: Any, keyword: str) -> float | int | None:
    if not isinstance(value, dict):
        return None
    number = value.get(keyword)
    if number is True and keyword in {"exclusiveMinimum", "exclusiveMaximum"}:
        number = value.get("minimum" if keyword == "exclusiveMinimum" else "maximum")
    return number if isinstance(number, int | float) and not isinstance(number, bool) else None


def identity(value: Any) -> Hashable:
    """Return what two JSON values share exactly when they are equal: true is not 1, while 1 and 1.0 are one number."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, dict):
        return ("object", frozenset((key, identity(one)) for key, one in value.items()))
    if isinstance(value, list):
        return ("array", tuple(identity(one) for one in value))
    hashable: Hashable = value
    return hashable


def same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal: true is not 1, while 1 and 1.0 are one number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
