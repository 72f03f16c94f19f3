"""Documents made up from a JSON Schema: whatever a version of a producer may have sent.

Only what a schema names is put into them, and `jsonschema` has the last word on each. Where none can be made up, none is tried.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from jsonschema.protocols import Validator
from referencing.exceptions import Unresolvable

from shop_contracts.checking.content import Needed
from shop_contracts.compat.json_schema.nodes import (
    ArrayNode,
    BooleanNode,
    CombinedNode,
    ConstNode,
    Criterion,
    EnumNode,
    NeverNode,
    Node,
    NullNode,
    NumberNode,
    ObjectNode,
    StringNode,
)
from shop_contracts.compat.json_schema.reading import JsonSchema
from shop_contracts.openapi_diff.containment.formats import SAMPLES

_DEEPEST = 6
_LONGEST = 12
_LONGEST_DEMANDED = 1_000
_MOST_ELEMENTS = 20
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
_GREATEST = 10**15
_TEXT = st.integers(0, 99_999).map("T{}".format)


def documents(schema: JsonSchema, *, needed: Needed) -> st.SearchStrategy[Any]:
    """A document that the schema allows, with what is `needed` in it; anything else that is optional is there or not."""
    validator = schema.validator()
    return _drafts(schema.root, needed).filter(lambda document: _is_allowed(validator, document))


def _is_allowed(validator: Validator, document: Any) -> bool:
    try:
        return bool(validator.is_valid(document))
    except (re.error, Unresolvable, RecursionError):
        return False


@st.composite
def _drafts(draw: st.DrawFn, root: Node, needed: Needed) -> Any:
    return _value(draw, [root], needed, depth=0)


def _value(draw: st.DrawFn, nodes: Iterable[Node], needed: Needed | None, *, depth: int) -> Any:
    """A value of which all of some schemas hold, as far as they can be put together; the rest is left to the last word."""
    demands = list(_demands(draw, nodes, needed))
    if depth > 2 * _DEEPEST or any(isinstance(one, NeverNode) for one in demands):
        reject()
    listed = next((one for one in demands if isinstance(one, ConstNode | EnumNode)), None)
    if isinstance(listed, ConstNode):
        return listed.value
    if isinstance(listed, EnumNode) and not listed.values:
        reject()
    if isinstance(listed, EnumNode):
        return draw(st.sampled_from([value for value in listed.values if value is not None or needed is None] or listed.values))
    return _of_kind(draw, demands, needed, depth=depth)


def _of_kind(draw: st.DrawFn, demands: Sequence[Node], needed: Needed | None, *, depth: int) -> Any:
    leading = next((one for one in demands if _is_typed(one)), next((one for one in demands if type(one) in _MADE), None))
    match leading:
        case ObjectNode():
            return _object(draw, [one for one in demands if isinstance(one, ObjectNode)], needed or {}, depth=depth)
        case ArrayNode():
            return _array(draw, leading, needed, depth=depth)
        case NullNode():
            return None
    return draw(_scalar(leading, demands))


def _scalar(leading: Node | None, demands: Sequence[Node]) -> st.SearchStrategy[Any]:
    match leading:
        case StringNode():
            return _text([one for one in demands if isinstance(one, StringNode)])
        case NumberNode():
            return _number([one for one in demands if isinstance(one, NumberNode)])
        case BooleanNode():
            return st.booleans()
    return _TEXT


_MADE = (ObjectNode, ArrayNode, StringNode, NumberNode)


def _is_typed(node: Node) -> bool:
    return isinstance(node.source, dict) and "type" in node.source and not isinstance(node, CombinedNode)


def _demands(draw: st.DrawFn, nodes: Iterable[Node], needed: Needed | None, above: frozenset[int] = frozenset()) -> Iterable[Node]:
    """Yield the schemas that hold together: references followed, of alternatives one, circles broken."""
    for node in (one.resolved() for one in nodes):
        inside = above | {id(node)}
        if id(node) in above:
            continue
        if not isinstance(node, CombinedNode):
            yield node
        elif node.criterion is Criterion.ALL:
            yield from _demands(draw, node.branches, needed, inside)
        else:
            branches = [one for one in node.branches if needed is None or not isinstance(one.resolved(), NullNode)]
            yield from _demands(draw, [draw(st.sampled_from(branches or node.branches))], needed, inside)


def _object(draw: st.DrawFn, nodes: Sequence[ObjectNode], needed: Needed, *, depth: int) -> dict[str, Any]:
    required = {name for one in nodes for name in one.required}
    names = dict.fromkeys(name for one in nodes for name in (*one.properties, *sorted(one.required)))
    found = {}
    for name in names:
        if name in required or name in needed or (depth < _DEEPEST and draw(st.booleans())):
            inside = [one.properties[name] for one in nodes if name in one.properties]
            found[name] = _value(draw, inside, needed.get(name), depth=depth + 1)
    return found


def _array(draw: st.DrawFn, node: ArrayNode, needed: Needed | None, *, depth: int) -> list[Any]:
    least = max(int(node.bounds.get("minItems", 0)), int(node.bounds.get("minContains", 0)), 0 if needed is None else 1)
    if least > _MOST_ELEMENTS:
        reject()
    room = 2 if depth < _DEEPEST and (node.items or node.prefix) else 0
    most = min(int(node.bounds.get("maxItems", least + room)), least + room)
    rest = node.items or node.additional
    found: list[Any] = []
    for at in range(draw(st.integers(least, max(least, most)))):
        inside = node.prefix[at] if at < len(node.prefix) else rest
        if inside is None or not (node.unique and found):
            found.append(_value(draw, [inside] if inside is not None else [], needed, depth=depth + 1))
        else:
            other = _value(draw, [inside], needed, depth=depth + 1)
            found += [] if other in found else [other]
    return found


def _text(nodes: Sequence[StringNode]) -> st.SearchStrategy[str]:
    for one in nodes:
        form = str(one.source.get("format"))
        if form in SAMPLES:
            return st.just(SAMPLES[form])
    if not any(one.bounds or one.pattern for one in nodes):
        return _TEXT
    least = max((int(one.bounds.get("minLength", 1)) for one in nodes), default=1)
    most = min((int(one.bounds["maxLength"]) for one in nodes if "maxLength" in one.bounds), default=max(least, _LONGEST))
    if least > _LONGEST_DEMANDED:
        return st.nothing()
    for one in nodes:
        if one.pattern is not None and (pattern := _pattern(one.pattern)) is not None:
            return st.from_regex(pattern).filter(lambda text: least <= len(text) <= most)
    return st.text(_LETTERS, min_size=min(least, most), max_size=most)


def _pattern(pattern: str) -> re.Pattern[str] | None:
    """A pattern that texts are made from; None for one of ECMA's that Python does not know. A `$` at the end ends the text."""
    try:
        return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), re.ASCII)
    except re.error:
        return None


def _number(nodes: Sequence[NumberNode]) -> st.SearchStrategy[int | float]:
    bounds = [one.bounds for one in nodes]
    low = max((one[word] for one in bounds for word in ("minimum", "exclusiveMinimum") if word in one), default=None)
    high = min((one[word] for one in bounds for word in ("maximum", "exclusiveMaximum") if word in one), default=None)
    if low is None:
        low = 1 if high is None or high >= 1 else high - 1_000
    high = low + 10_000 if high is None else high
    if low > high or max(abs(low), abs(high)) > _GREATEST:
        return st.nothing()
    step = next((one.multiple_of for one in nodes if isinstance(one.multiple_of, int) and one.multiple_of > 0), 1)
    first, last = math.ceil(low / step), math.floor(high / step)
    whole: st.SearchStrategy[int | float] = st.integers(first, last).map(lambda number: number * step)
    if first <= last and (last > first or any(one.is_integer for one in nodes)):
        return whole
    return st.floats(low, high)
