"""The normal form of a schema: a union of alternatives, each of one JSON type with all that is demanded of it.

What does not fit into it (`not`, conditions, counts of `contains`) stays beside an alternative as a demand to be proved for itself.
For a producer it may be left out, since leaving out a demand only adds instances; for a consumer it must be shown to hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from shop_contracts.openapi_diff.changes import Direction
from shop_contracts.openapi_diff.containment.alternatives import (
    MOST_ALTERNATIVES,
    Alternative,
    Demand,
    Elements,
    Members,
    all_kinds,
    common_step,
    meet,
    values,
)
from shop_contracts.openapi_diff.containment.budget import Budget, TooComplex
from shop_contracts.openapi_diff.containment.evaluate import UNDECIDABLE, Evaluation, bounds, compiled_pattern
from shop_contracts.openapi_diff.containment.formats import NUMERIC
from shop_contracts.openapi_diff.containment.parts import ANYTHING, NEVER, Key, Part, both
from shop_contracts.openapi_diff.documents import Node


class Normalizer:
    """Brings the schemas of one side and direction into normal form, each once."""

    def __init__(
        self, direction: Direction, budget: Budget, *, closes: bool, implies_objects: bool = False, combines: bool = False
    ) -> None:
        self.direction = direction
        self._budget = budget
        self.closes = closes
        """Whether objects have the properties they declare and no others unless they say so: what producers send."""
        self.implies_objects = implies_objects
        """Whether what lists properties and names no type is an object, as its author means it."""
        self.combines = combines
        """Whether an object may have what several branches of an `anyOf` declare, although each of them is closed."""
        self._known: dict[Key, tuple[Alternative, ...]] = {}
        self._under_way: set[Key] = set()

    def alternatives(self, part: Part) -> tuple[Alternative, ...]:
        """Return the union that a part is. Raises TooComplex, InvalidOpenapi."""
        key = part.key
        found = self._known.get(key)
        if found is None:
            if key in self._under_way:  # a choice among itself: says nothing that could be shown
                return tuple(replace(one, demands=frozenset((Demand("undecidable", f"circle {key}"),))) for one in all_kinds())
            self._budget.spend()
            self._under_way.add(key)
            try:
                found = self._known[key] = self._build(part)
            finally:
                self._under_way.discard(key)
        return found

    def property(self, alternative: Alternative, name: str) -> Part:
        """Return what is demanded of a property; NEVER where it cannot be there."""
        found: list[Part] = []
        is_declared = False
        for one in alternative.members:
            own: list[Part] = []
            if name in one.properties:
                is_declared = True
                if one.properties[name].is_hidden(self.direction):
                    return NEVER if self.closes else ANYTHING
                own.append(one.properties[name])
            own += [below for pattern, below in one.patterns.items() if _names(pattern, name)]
            if not own and one.rest is not None:
                own.append(one.rest)
            found += own
        if not found and not is_declared and name not in alternative.required and self.is_closed(alternative):
            return NEVER
        if not all(self._may_name(part, name) for part in alternative.names):
            return NEVER
        return both(found)

    def rest(self, alternative: Alternative) -> Part:
        """Return what is demanded of a property that nobody names, by no pattern either."""
        if self.is_closed(alternative):
            return NEVER
        return both([one.rest for one in alternative.members if one.rest is not None])

    def is_closed(self, alternative: Alternative) -> bool:
        """Return whether there are no properties but declared ones: a producer that lists its properties and says no more."""
        said = [one for one in alternative.members if one.declares]
        return self.closes and bool(said) and all(one.rest is None for one in alternative.members)

    def _may_name(self, part: Part, name: str) -> bool:
        return Evaluation(self.direction, self._budget, unknown=True).accepts(part, name)

    def _build(self, part: Part) -> tuple[Alternative, ...]:
        if part.is_never:
            return ()
        found = [one for value in part.fixed for one in values([value])] if part.fixed else all_kinds()
        conjuncts = part.conjuncts()
        if self.implies_objects and _means_an_object(conjuncts):
            found = [one for one in found if one.kind == "object"]
        for node in conjuncts:
            if node.value is False:
                return ()
            found = meet(found, self._node(part, node))
            for keyword in ("anyOf", "oneOf"):
                if isinstance(node.value.get(keyword), list):
                    found = meet(found, self._branches(part, node, keyword))
        return tuple(self._without_hidden(one) for one in found)

    def _without_hidden(self, one: Alternative) -> Alternative:
        if not one.required:
            return one
        hidden = {name for members in one.members for name, below in members.properties.items() if below.is_hidden(self.direction)}
        return replace(one, required=one.required - hidden) if hidden & one.required else one

    def _branches(self, part: Part, node: Node, keyword: str) -> list[Alternative]:
        branches = [part.below(node, keyword, index) for index in range(len(node.value[keyword]))]
        if len(branches) > MOST_ALTERNATIVES:
            raise TooComplex
        excluded = [Demand("not", token(one), (one,)) for one in branches] if keyword == "oneOf" else []
        found: list[Alternative] = []
        beside = self._declared_beside(branches) if keyword == "anyOf" and self.combines else ()
        for index, branch in enumerate(branches):
            demands = frozenset((*excluded[:index], *excluded[index + 1 :]))
            found += [
                replace(one, demands=one.demands | demands, members=(*one.members, *beside) if one.members else ())
                for one in self.alternatives(branch)
            ]
            if len(found) > MOST_ALTERNATIVES:
                raise TooComplex
        return found

    def _declared_beside(self, branches: list[Part]) -> tuple[Members, ...]:
        """Return what one branch of an `anyOf` may carry of the others: an instance may be of several, unlike one of a `oneOf`."""
        names = {name for branch in branches for one in self.alternatives(branch) for name in one.declared}
        return (Members(dict.fromkeys(sorted(names), ANYTHING), {}, None, declares=True),) if names else ()

    def _node(self, part: Part, node: Node) -> list[Alternative]:
        said: Mapping[str, Any] = node.value
        found = _by_type(said, part.is_3_0)
        if "enum" in said and isinstance(said["enum"], list):
            nullable = part.is_3_0 and said.get("nullable") is True
            found = meet(found, values([*said["enum"], *([None] if nullable else [])]))
        if "const" in said:
            found = meet(found, values([said["const"]]))
        demands = frozenset(_demands(part, node))
        return [replace(_narrowed(one, part, node), demands=demands) for one in found]


def _means_an_object(conjuncts: Iterable[Node]) -> bool:
    """Return whether properties are listed and nothing is said of types anywhere."""
    said = [node.value for node in conjuncts if isinstance(node.value, dict)]
    return any("properties" in one for one in said) and not any(word in one for one in said for word in ("type", "anyOf", "oneOf"))


def token(part: Part) -> str:
    """Return a text that two schemas share only if they say the same: what stands there, references written out."""
    return _written_out(part, ())


def _written_out(part: Part, above: tuple[Key, ...]) -> str:
    if part.key in above:
        return f"^{len(above) - above.index(part.key)}"
    if len(above) > 20:
        return f"deep {part.key}"
    inside = (*above, part.key)
    texts = sorted(_text(part, node, node.value, inside) for node in part.nodes)
    return f"{part.is_never}{part.fixed}{part.is_3_0}{texts}"


def _text(part: Part, node: Node, value: Any, above: tuple[Key, ...]) -> str:
    if isinstance(value, dict):
        written = []
        for key in sorted(value):
            if key == "$ref":
                target = node.document.tree.follow(Node(node.document, node.pointer, value))
                written.append("$ref:" + _written_out(Part((target,), part.is_3_0), above))
            elif key not in {"description", "title", "example", "examples"}:
                written.append(f"{key}:{_text(part, Node(node.document, (*node.pointer, key), value[key]), value[key], above)}")
        return "{" + ",".join(written) + "}"
    if isinstance(value, list):
        return (
            "["
            + ",".join(_text(part, Node(node.document, (*node.pointer, str(i)), one), one, above) for i, one in enumerate(value))
            + "]"
        )
    return repr(value)


def _by_type(said: Mapping[str, Any], is_3_0: bool) -> list[Alternative]:
    if "type" not in said:
        return all_kinds()
    listed = said["type"]
    types = set(map(str, listed if isinstance(listed, list) else [listed]))
    if is_3_0 and said.get("nullable") is True:
        types.add("null")
    found = [one for one in all_kinds() if one.kind in types]
    if "integer" in types and "number" not in types:
        found.append(Alternative("number", step=Fraction(1)))
    return found


def _narrowed(one: Alternative, part: Part, node: Node) -> Alternative:
    said: Mapping[str, Any] = node.value
    match one.kind:
        case "number":
            low, low_open, high, high_open = bounds(said)
            step = said.get("multipleOf")
            steps = [Fraction(str(step))] if isinstance(step, int | float) and not isinstance(step, bool) and step > 0 else []
            return replace(one, low=low, low_open=low_open, high=high, high_open=high_open, step=common_step(one.step, *steps))
        case "string":
            form, pattern = said.get("format"), said.get("pattern")
            return replace(
                one,
                **_size(said, "minLength", "maxLength"),
                patterns=frozenset((pattern,)) if isinstance(pattern, str) and pattern else frozenset(),
                formats=frozenset((form,)) if isinstance(form, str) and form not in NUMERIC | {"password"} else frozenset(),
            )
        case "array":
            return replace(
                one,
                **_size(said, "minItems", "maxItems"),
                unique=said.get("uniqueItems") is True,
                elements=_elements(part, node),
            )
        case "object":
            required = said.get("required")
            return replace(
                one,
                **_size(said, "minProperties", "maxProperties"),
                members=_members(part, node),
                required=frozenset(name for name in required if isinstance(name, str))
                if isinstance(required, list)
                else frozenset(),
                names=(part.below(node, "propertyNames"),) if _says(said, "propertyNames") else (),
            )
        case _:
            return one


def _says(said: Mapping[str, Any], keyword: str) -> bool:
    return keyword in said and said[keyword] is not True and said[keyword] != {}


def _size(said: Mapping[str, Any], least: str, most: str) -> dict[str, Any]:
    low, high = said.get(least), said.get(most)
    return {
        "least": int(low) if isinstance(low, int | float) and not isinstance(low, bool) else 0,
        "most": int(high) if isinstance(high, int | float) and not isinstance(high, bool) else None,
    }


def _elements(part: Part, node: Node) -> tuple[Elements, ...]:
    said: Mapping[str, Any] = node.value
    prefix = said.get("prefixItems")
    count = len(prefix) if isinstance(prefix, list) else 0
    if not count and not _says(said, "items"):
        return ()
    rest = part.below(node, "items") if _says(said, "items") else ANYTHING
    return (Elements(tuple(part.below(node, "prefixItems", index) for index in range(count)), rest),)


def _members(part: Part, node: Node) -> tuple[Members, ...]:
    said: Mapping[str, Any] = node.value
    properties, patterns = said.get("properties"), said.get("patternProperties")
    properties = properties if isinstance(properties, dict) else {}
    patterns = patterns if isinstance(patterns, dict) else {}
    if "properties" not in said and not patterns and "additionalProperties" not in said:
        return ()
    rest = part.below(node, "additionalProperties") if "additionalProperties" in said else None
    if rest is not None and said["additionalProperties"] is True:
        rest = ANYTHING
    return (
        Members(
            {name: part.below(node, "properties", name) for name in properties},
            {pattern: part.below(node, "patternProperties", pattern) for pattern in patterns},
            NEVER if said.get("additionalProperties") is False else rest,
            "properties" in said,
        ),
    )


def _demands(part: Part, node: Node) -> Iterable[Demand]:
    said: Mapping[str, Any] = node.value
    for keyword in UNDECIDABLE:
        if _says(said, keyword):
            yield Demand("undecidable", f"{keyword} {_text(part, node, said[keyword], ())}")
    if "not" in said:
        below = part.below(node, "not")
        yield Demand("not", token(below), (below,))
    if "if" in said and ("then" in said or "else" in said):
        parts = tuple(part.below(node, word) if word in said else ANYTHING for word in ("if", "then", "else"))
        yield Demand("if", " ".join(map(token, parts)), parts)
    if "contains" in said:
        below, most = part.below(node, "contains"), said.get("maxContains")
        least = int(said.get("minContains", 1))
        yield Demand("contains", f"{least} {most} {token(below)}", (below,), least=least, most=most)
    required, schemas = said.get("dependentRequired"), said.get("dependentSchemas")
    for name, names in (required if isinstance(required, dict) else {}).items():
        told = frozenset(one for one in names if isinstance(one, str)) if isinstance(names, list) else frozenset()
        yield Demand("dependent", f"{name} {sorted(told)}", (ANYTHING,), name=name, names=told)
    for name in schemas if isinstance(schemas, dict) else ():
        below = part.below(node, "dependentSchemas", name)
        yield Demand("dependent", f"{name} {token(below)}", (below,), name=name)


def _names(pattern: str, name: str) -> bool:
    compiled = compiled_pattern(pattern)
    return compiled is not None and compiled.search(name) is not None
