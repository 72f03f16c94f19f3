"""Evaluation of one instance by a schema (JSON Schema 2020-12 with what OpenAPI 3.0 has otherwise)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from shop_contracts.openapi_diff.changes import Direction
from shop_contracts.openapi_diff.containment.budget import Budget
from shop_contracts.openapi_diff.containment.formats import RANGES, has_format, is_opaque
from shop_contracts.openapi_diff.containment.parts import Part, kind_of
from shop_contracts.openapi_diff.documents import Node
from shop_contracts.openapi_diff.schemas import same

UNDECIDABLE = ("$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems")
"""Keywords whose meaning depends on where the schema is used."""
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Says whether instances that travel in a direction are valid.

    `unknown` is the answer where it cannot be known: a format nobody defined, a pattern that is no regular expression here.
    """

    direction: Direction
    budget: Budget
    unknown: bool

    def accepts(self, part: Part, value: Any, depth: int = 0) -> bool:
        """Return whether a value is valid against all conjuncts of a part."""
        self.budget.spend()
        if part.is_never:
            return False
        if depth > _DEEPEST:
            return self.unknown
        if part.fixed and not any(same(value, one) for one in part.fixed):
            return False
        return all(node.value is not False and self._node(part, node, value, depth + 1) for node in part.conjuncts())

    def _opposite(self) -> Evaluation:
        return Evaluation(self.direction, self.budget, not self.unknown)

    def _node(self, part: Part, node: Node, value: Any, depth: int) -> bool:  # noqa: PLR0911 - one keyword after another
        said: Mapping[str, Any] = node.value
        if any(keyword in said and said[keyword] is not True for keyword in UNDECIDABLE) and not self.unknown:
            return False
        kind = kind_of(value)
        nullable = part.is_3_0 and said.get("nullable") is True
        if value is None and nullable and "type" in said:
            return True
        if not is_of_type(value, said, part.is_3_0) or not self._is_listed(said, value):
            return False
        own: dict[str, Callable[[Mapping[str, Any], Any], bool]] = {"number": self._number, "string": self._string}
        if kind in own and not own[kind](said, value):
            return False
        if kind == "array" and not self._array(part, node, value, depth):
            return False
        if kind == "object" and not self._object(part, node, value, depth):
            return False
        return self._choices(part, node, value, depth)

    def _is_listed(self, said: Mapping[str, Any], value: Any) -> bool:
        listed = said.get("enum")
        if isinstance(listed, list) and not any(same(value, one) for one in listed):
            return False
        return "const" not in said or same(value, said["const"])

    def _number(self, said: Mapping[str, Any], value: float) -> bool:
        number = Fraction(str(value))
        low, low_open, high, high_open = bounds(said)
        if low is not None and (number < low or (low_open and number == low)):
            return False
        if high is not None and (number > high or (high_open and number == high)):
            return False
        step = said.get("multipleOf")
        return not (isinstance(step, int | float) and step > 0 and number % Fraction(str(step)) != 0)

    def _string(self, said: Mapping[str, Any], value: str) -> bool:
        if not _fits(said, "minLength", "maxLength", len(value)):
            return False
        pattern = said.get("pattern")
        if isinstance(pattern, str) and not self._matches(pattern, value):
            return False
        form = said.get("format")
        if not isinstance(form, str):
            return True
        known = has_format(value, form)
        return known if known is not None else self.unknown or not is_opaque(form)

    def _matches(self, pattern: str, text: str) -> bool:
        compiled = compiled_pattern(pattern)
        return self.unknown if compiled is None else compiled.search(text) is not None

    def _array(self, part: Part, node: Node, value: list[Any], depth: int) -> bool:
        said: Mapping[str, Any] = node.value
        if not _fits(said, "minItems", "maxItems", len(value)):
            return False
        if said.get("uniqueItems") is True and any(same(one, other) for i, one in enumerate(value) for other in value[:i]):
            return False
        prefix = said.get("prefixItems")
        count = len(prefix) if isinstance(prefix, list) else 0
        for index, one in enumerate(value[:count]):
            if not self.accepts(part.below(node, "prefixItems", index), one, depth):
                return False
        if "items" in said and not all(self.accepts(part.below(node, "items"), one, depth) for one in value[count:]):
            return False
        if "contains" in said:
            inside = part.below(node, "contains")
            found = sum(self.accepts(inside, one, depth) for one in value)
            least, most = said.get("minContains", 1), said.get("maxContains")
            if found < least or (most is not None and sum(self._opposite().accepts(inside, one, depth) for one in value) > most):
                return False
        return True

    def _object(self, part: Part, node: Node, value: dict[str, Any], depth: int) -> bool:
        said: Mapping[str, Any] = node.value
        if not _fits(said, "minProperties", "maxProperties", len(value)):
            return False
        required = said.get("required")
        if isinstance(required, list):
            missing = [name for name in required if isinstance(name, str) and name not in value]
            if any(not _is_hidden(part, name, self.direction) for name in missing):
                return False
        for name, one in value.items():
            if not all(self.accepts(below, one, depth) for below in self._of_property(part, node, name)):
                return False
        if "propertyNames" in said and not all(self.accepts(part.below(node, "propertyNames"), name, depth) for name in value):
            return False
        return self._dependencies(part, node, value, depth)

    def _of_property(self, part: Part, node: Node, name: str) -> list[Part]:
        """Return what a schema object says of the property with a name."""
        said: Mapping[str, Any] = node.value
        found: list[Part] = []
        properties, patterns = said.get("properties"), said.get("patternProperties")
        if isinstance(properties, dict) and name in properties:
            below = part.below(node, "properties", name)
            if below.is_hidden(self.direction):
                return []
            found.append(below)
        if isinstance(patterns, dict):
            found += [part.below(node, "patternProperties", one) for one in patterns if self._matches(one, name)]
        if not found and "additionalProperties" in said:
            found.append(part.below(node, "additionalProperties"))
        return found

    def _dependencies(self, part: Part, node: Node, value: dict[str, Any], depth: int) -> bool:
        said: Mapping[str, Any] = node.value
        required = said.get("dependentRequired")
        if isinstance(required, dict):
            for name, names in required.items():
                if name in value and isinstance(names, list) and any(one not in value for one in names):
                    return False
        schemas = said.get("dependentSchemas")
        if isinstance(schemas, dict):
            return all(self.accepts(part.below(node, "dependentSchemas", name), value, depth) for name in schemas if name in value)
        return True

    def _choices(self, part: Part, node: Node, value: Any, depth: int) -> bool:
        said: Mapping[str, Any] = node.value
        some = said.get("anyOf")
        if isinstance(some, list) and not any(self.accepts(part.below(node, "anyOf", i), value, depth) for i in range(len(some))):
            return False
        one = said.get("oneOf")
        if isinstance(one, list) and not self._exactly_one(part, node, len(one), value, depth):
            return False
        if "not" in said and self._opposite().accepts(part.below(node, "not"), value, depth):
            return False
        if "if" in said:
            return self._condition(part, node, value, depth)
        return True

    def _exactly_one(self, part: Part, node: Node, count: int, value: Any, depth: int) -> bool:
        branches = [part.below(node, "oneOf", index) for index in range(count)]
        sure = [self.accepts(branch, value, depth) for branch in branches]
        perhaps = [self._opposite().accepts(branch, value, depth) for branch in branches]
        certain, possible = (perhaps, sure) if self.unknown else (sure, perhaps)
        if self.unknown:  # some reading of what is unknown leaves exactly one
            return sum(certain) <= 1 <= sum(possible)
        return sum(certain) == 1 == sum(possible)

    def _condition(self, part: Part, node: Node, value: Any, depth: int) -> bool:
        test = part.below(node, "if")
        if self._opposite().accepts(test, value, depth) or self.accepts(test, value, depth):
            is_sure = self._opposite().accepts(test, value, depth) == self.accepts(test, value, depth)
            then = self.accepts(part.below(node, "then"), value, depth) if "then" in node.value else True
            if is_sure:
                return then
            other = self.accepts(part.below(node, "else"), value, depth) if "else" in node.value else True
            return (then or other) if self.unknown else (then and other)
        return self.accepts(part.below(node, "else"), value, depth) if "else" in node.value else True


def is_of_type(value: Any, said: Mapping[str, Any], is_3_0: bool) -> bool:
    """Return whether a value is of one of the types a schema object lists; 1.0 is an integer."""
    if "type" not in said:
        return True
    listed = said["type"]
    types = listed if isinstance(listed, list) else [listed]
    kind = kind_of(value)
    if kind in types or (value is None and is_3_0 and said.get("nullable") is True):
        return True
    return kind == "number" and "integer" in types and Fraction(str(value)).denominator == 1


def bounds(said: Mapping[str, Any]) -> tuple[Fraction | None, bool, Fraction | None, bool]:
    """Return the numbers a schema object allows: the least, whether it is left out, the greatest, whether it is left out."""
    low, low_open = _bound(said, "minimum", "exclusiveMinimum", max)
    high, high_open = _bound(said, "maximum", "exclusiveMaximum", min)
    form = RANGES.get(str(said.get("format")))
    if form is not None:
        low, low_open = (Fraction(form[0]), False) if low is None or low < form[0] else (low, low_open)
        high, high_open = (Fraction(form[1]), False) if high is None or high > form[1] else (high, high_open)
    return low, low_open, high, high_open


def _bound(
    said: Mapping[str, Any], inclusive: str, exclusive: str, strictest: Callable[[Fraction, Fraction], Fraction]
) -> tuple[Fraction | None, bool]:
    number, other = said.get(inclusive), said.get(exclusive)
    closed = Fraction(str(number)) if isinstance(number, int | float) and not isinstance(number, bool) else None
    if other is True:
        return closed, True
    if not isinstance(other, int | float) or isinstance(other, bool):
        return closed, False
    opened = Fraction(str(other))
    if closed is None:
        return opened, True
    return strictest(closed, opened), strictest(closed, opened) == opened


@lru_cache(maxsize=4096)
def compiled_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern (ECMA-262) as Python's, None where Python reads it otherwise or not at all."""
    try:
        return re.compile(pattern.replace("$", r"\Z") if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern)
    except re.error:
        return None


def _fits(said: Mapping[str, Any], least: str, most: str, count: int) -> bool:
    low, high = said.get(least), said.get(most)
    if isinstance(low, int | float) and not isinstance(low, bool) and count < low:
        return False
    return not (isinstance(high, int | float) and not isinstance(high, bool) and count > high)


def _is_hidden(part: Part, name: str, direction: Direction) -> bool:
    return any(
        part.below(other, "properties", name).is_hidden(direction)
        for other in part.conjuncts()
        if isinstance(other.value, dict) and isinstance(other.value.get("properties"), dict) and name in other.value["properties"]
    )
