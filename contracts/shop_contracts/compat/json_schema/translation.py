"""From what a schema object says to nodes.

Up to draft 7 a `$ref` stands alone; later it is one demand among others. Which keywords belong to which kind is the draft's:
https://json-schema.org/draft-07/json-schema-validation, https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from shop_contracts.compat.json_schema.drafts import Draft
from shop_contracts.compat.json_schema.nodes import (
    AnyNode,
    ArrayNode,
    BooleanNode,
    CombinedNode,
    ConditionalNode,
    ConstNode,
    Criterion,
    EnumNode,
    NeverNode,
    Node,
    NotNode,
    NullNode,
    NumberNode,
    ObjectNode,
    ReferenceNode,
    StringNode,
)

if TYPE_CHECKING:
    from referencing._core import Resolver

_STRING = ("minLength", "maxLength", "pattern")
_NUMBER = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_ARRAY = ("items", "minItems", "maxItems", "uniqueItems", "contains")
_OBJECT = ("properties", "patternProperties", "required", "minProperties", "maxProperties", "additionalProperties", "propertyNames")
_LEGACY = {
    StringNode: (*_STRING, "format"),
    NumberNode: _NUMBER,
    ArrayNode: (*_ARRAY, "additionalItems"),
    ObjectNode: (*_OBJECT, "dependencies"),
}
_MODERN = {
    StringNode: _STRING,
    NumberNode: _NUMBER,
    ArrayNode: (*_ARRAY, "prefixItems", "minContains", "maxContains", "unevaluatedItems", "additionalItems"),
    ObjectNode: (*_OBJECT, "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
}
_OF_TYPE: dict[str, type[Node]] = {
    "string": StringNode,
    "integer": NumberNode,
    "number": NumberNode,
    "array": ArrayNode,
    "object": ObjectNode,
    "boolean": BooleanNode,
    "null": NullNode,
}
_ANNOTATIONS = ("title", "description", "default")


def translate(data: Any, draft: Draft, resolver: Resolver[Any]) -> Node:
    """Return a schema as nodes. Raises referencing.exceptions.Unresolvable for a reference that leads nowhere."""
    return _Translation(draft).whole(data, resolver)


class _Translation:
    """One schema with what it refers to. A place that is referred to is one node, however many refer to it."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._keywords: Mapping[type[Node], tuple[str, ...]] = _MODERN if draft.is_modern else _LEGACY
        self._targets: dict[int, Node] = {}
        self._kept: list[Any] = []
        self._waiting: list[tuple[ReferenceNode, Any, Resolver[Any]]] = []

    def whole(self, data: Any, resolver: Resolver[Any]) -> Node:
        root = self.node(data, resolver)
        while self._waiting:
            reference, there, onwards = self._waiting.pop()
            if id(there) not in self._targets:
                self._targets[id(there)] = self.node(there, onwards)
                self._kept.append(there)  # so that its id is nobody else's
            reference.target = self._targets[id(there)]
        return root

    def node(self, data: Any, resolver: Resolver[Any]) -> Node:
        if not isinstance(data, dict):
            return AnyNode(source=True) if data else NeverNode(source=False)
        if isinstance(data.get(self._draft.id_keyword), str) and "$ref" not in data:
            resolver = resolver.in_subresource(self._draft.specification.create_resource(data))
        if "$ref" in data and not self._draft.is_modern:
            return self._reference(data, "$ref", resolver)
        parts = list(self._parts(data, resolver))
        if not parts:
            node: Node = AnyNode(source={})
        elif len(parts) == 1:
            (node,) = parts
        else:
            node = CombinedNode(source=data, criterion=Criterion.ALL, branches=parts, is_implied=True)
        node.annotations = {word: data[word] for word in self._annotations if word in data}
        node.connect_type = data.get("connect.type")
        if node.annotations and isinstance(node.source, dict):
            node.source = {**node.source, **node.annotations}
        return node

    @property
    def _annotations(self) -> tuple[str, ...]:
        return _ANNOTATIONS if self._draft.is_modern else (self._draft.id_keyword, *_ANNOTATIONS)

    def _parts(self, data: dict[str, Any], resolver: Resolver[Any]) -> Iterator[Node]:
        if self._draft.is_modern:
            for word in ("$ref", "$dynamicRef", "$recursiveRef"):
                if word in data:
                    yield self._reference(data, word, resolver)
        if "enum" in data:
            yield EnumNode(source={"enum": data["enum"]}, values=data["enum"])
        for criterion in Criterion:
            if criterion in data:
                yield self._combined(criterion, data[criterion], resolver)
        if "not" in data:
            yield NotNode(source={"not": data["not"]}, inside=self.node(data["not"], resolver))
        if "const" in data and self._draft is not Draft.D4:
            yield ConstNode(source={"const": data["const"]}, value=data["const"])
        yield from self._typed(data, resolver)
        if any(word in data for word in (("if",) if self._draft.is_modern else ("if", "then", "else"))) and self._has_conditions:
            yield ConditionalNode(source={word: data[word] for word in ("if", "then", "else") if word in data})

    @property
    def _has_conditions(self) -> bool:
        return self._draft not in {Draft.D4, Draft.D6}

    def _typed(self, data: dict[str, Any], resolver: Resolver[Any]) -> Iterator[Node]:
        """Yield what is said by `type`, and what keywords of other kinds say: they hold for values of their kind."""
        named = data.get("type", ())
        types = [named] if isinstance(named, str) else list(named)
        told = [self._of_type(_OF_TYPE[one], one, data, resolver) for one in types]
        if isinstance(named, list):
            yield CombinedNode(source={"type": named}, criterion=Criterion.ANY, branches=told, is_implied=True)
        else:
            yield from told
        for kind, keywords in self._keywords.items():
            if not any(isinstance(one, kind) for one in told) and self._says(data, keywords):
                yield self._of_type(kind, None, data, resolver)

    def _says(self, data: dict[str, Any], keywords: tuple[str, ...]) -> bool:
        if not self._draft.is_modern:
            return any(word in data for word in keywords)
        beside = {"minContains", "maxContains", "additionalItems"}  # say something only beside another keyword
        silent = {word for word in ("properties", "patternProperties") if data.get(word) == {}} | beside
        return any(word in data and word not in silent for word in keywords)

    def _of_type(self, kind: type[Node], named: str | None, data: dict[str, Any], resolver: Resolver[Any]) -> Node:
        source = {word: data[word] for word in self._keywords.get(kind, ()) if word in data}
        if named is not None:
            source["type"] = named
        if kind is StringNode:
            return StringNode(source=source, bounds=_only(data, "minLength", "maxLength"), pattern=data.get("pattern"))
        if kind is NumberNode:
            return self._number(source, data, is_integer=named == "integer")
        if kind is ArrayNode:
            return self._array(source, data, resolver)
        if kind is ObjectNode:
            return self._object(source, data, resolver)
        return kind(source=source)

    def _number(self, source: dict[str, Any], data: dict[str, Any], *, is_integer: bool) -> NumberNode:
        bounds = _only(data, *_NUMBER[:-1])
        if self._draft is Draft.D4:  # there an exclusive limit is the limit with a flag
            for exclusive, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
                if bounds.pop(exclusive, False) is True and limit in bounds:
                    bounds[exclusive] = bounds[limit]
        return NumberNode(source=source, bounds=bounds, multiple_of=data.get("multipleOf"), is_integer=is_integer)

    def _array(self, source: dict[str, Any], data: dict[str, Any], resolver: Resolver[Any]) -> ArrayNode:
        is_2020 = self._draft is Draft.D2020
        listed = data.get("prefixItems" if is_2020 else "items")
        prefix = [self.node(one, resolver) for one in listed] if isinstance(listed, list) else []
        every = True if isinstance(listed, list) else data.get("items", True)
        bounds = _only(data, "minItems", "maxItems")
        if self._draft.is_modern and "contains" in data:
            bounds |= {"minContains": data.get("minContains", 1), **_only(data, "maxContains")}
        is_closed = every is False
        return ArrayNode(
            source=source,
            bounds=bounds,
            unique=data.get("uniqueItems") is True,
            items=None if every is True or is_closed else self.node(every, resolver),
            prefix=prefix,
            additional=self._rest(False if is_closed else self._further(data, listed), resolver),
            unevaluated=self._unevaluated(data, "unevaluatedItems", resolver),
        )

    def _further(self, data: dict[str, Any], listed: Any) -> Any:
        """Return what is said of the elements behind the listed ones: to Confluent, up to draft 7, even where none are listed."""
        if isinstance(listed, list):
            return data.get("items" if self._draft is Draft.D2020 else "additionalItems", True)
        rest = data.get("additionalItems", True)
        return True if self._draft.is_modern or (rest is False and "items" in data) else rest

    def _object(self, source: dict[str, Any], data: dict[str, Any], resolver: Resolver[Any]) -> ObjectNode:
        if self._draft.is_modern:
            lists, schemas = data.get("dependentRequired", {}), data.get("dependentSchemas", {})
        else:
            both = data.get("dependencies", {})
            lists = {name: one for name, one in both.items() if isinstance(one, list)}
            schemas = {name: one for name, one in both.items() if not isinstance(one, list)}
        return ObjectNode(
            source=source,
            bounds=_only(data, "minProperties", "maxProperties"),
            properties=self._named(data.get("properties", {}), resolver),
            patterns=self._named(data.get("patternProperties", {}), resolver),
            required=frozenset(data.get("required", ())),
            additional=self._rest(data.get("additionalProperties", True), resolver),
            unevaluated=self._unevaluated(data, "unevaluatedProperties", resolver),
            property_dependencies={name: frozenset(one) for name, one in lists.items()},
            schema_dependencies=self._named(schemas, resolver),
        )

    def _named(self, schemas: Mapping[str, Any], resolver: Resolver[Any]) -> dict[str, Node]:
        return {name: self.node(one, resolver) for name, one in schemas.items()}

    def _rest(self, data: Any, resolver: Resolver[Any]) -> Node | None:
        return None if data is True else self.node(data, resolver)

    def _unevaluated(self, data: dict[str, Any], word: str, resolver: Resolver[Any]) -> Node | None:
        return self.node(data[word], resolver) if self._draft.is_modern and word in data else None

    def _combined(self, criterion: Criterion, schemas: list[Any], resolver: Resolver[Any]) -> CombinedNode:
        branches: list[Node] = []
        for node in (self.node(one, resolver) for one in schemas):
            branches += node.branches if self._is_flattened(node) else [node]  # type: ignore[attr-defined]
        return CombinedNode(source={str(criterion): schemas}, criterion=criterion, branches=branches)

    def _is_flattened(self, node: Node) -> bool:
        """Since draft 2019-09 Confluent's registry counts the parts of a branch, not the branch."""
        return self._draft.is_modern and isinstance(node, CombinedNode) and node.is_implied and node.criterion is Criterion.ALL

    def _reference(self, data: dict[str, Any], word: str, resolver: Resolver[Any]) -> ReferenceNode:
        found = resolver.lookup(data[word])
        reference = ReferenceNode(source={word: data[word]})
        self._waiting.append((reference, found.contents, found.resolver))
        return reference


def _only(data: Mapping[str, Any], *words: str) -> dict[str, Any]:
    return {word: data[word] for word in words if word in data}
