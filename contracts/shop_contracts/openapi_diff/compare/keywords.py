"""Differences in the keywords of one schema, not looking inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shop_contracts.openapi_diff.changes import Verb
from shop_contracts.openapi_diff.documents import Node
from shop_contracts.openapi_diff.schemas import LOWER, UPPER, Schema, identity, same

BOUND_NAMES: Mapping[str, str] = {
    "minimum": "min",
    "maximum": "max",
    "exclusiveMinimum": "exclusive-min",
    "exclusiveMaximum": "exclusive-max",
    "minLength": "min-length",
    "maxLength": "max-length",
    "minItems": "min-items",
    "maxItems": "max-items",
    "minProperties": "min-properties",
    "maxProperties": "max-properties",
    "minContains": "min-contains",
    "maxContains": "max-contains",
}
_BESIDE = {
    "minimum": "exclusiveMinimum",
    "maximum": "exclusiveMaximum",
    "exclusiveMinimum": "minimum",
    "exclusiveMaximum": "maximum",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A change without its context: what of a schema differs."""

    aspect: str
    verb: Verb
    keyword: str | None = None
    before: Any = None
    after: Any = None
    subject: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    old: Node | None = None
    new: Node | None = None


def keyword_differences(old: Schema, new: Schema) -> Iterator[Difference]:
    """Yield what differs in the keywords of two schemas."""
    yield from _types(old, new)
    yield from _nullability(old, new)
    # No rule asks for these; whether they matter is for containment to say.
    if old.null_branch != new.null_branch:
        yield Difference("null-branch", Verb.CHANGED)
    if {identity(one) for one in old.constants} != {identity(one) for one in new.constants}:
        yield Difference("constants", Verb.CHANGED)
    if old.closings != new.closings:
        yield Difference("closings", Verb.CHANGED)
    yield from _values(old, new)
    for keyword in (*LOWER, *UPPER):
        yield from _bound(keyword, old, new)
    yield from _multiples(old, new)
    yield from _toggled("unique-items", "uniqueItems", old.first("uniqueItems") is True, new.first("uniqueItems") is True)
    yield from _replaced("pattern", "pattern", " and ".join(old.patterns) or None, " and ".join(new.patterns) or None)
    for aspect, keyword in (
        ("content-encoding", "contentEncoding"),
        ("content-media-type", "contentMediaType"),
        ("dynamic-ref", "$dynamicRef"),
        ("read-only", "readOnly"),
        ("write-only", "writeOnly"),
    ):
        if old.first(keyword) != new.first(keyword):
            yield Difference(aspect, Verb.CHANGED, keyword, old.first(keyword), new.first(keyword))
    yield from _dependent_required(old, new)


def _types(old: Schema, new: Schema) -> Iterator[Difference]:
    before, after = old.types, new.types
    if (old.is_list_of_types or new.is_list_of_types) and old.simple_types and new.simple_types:
        before, after = old.simple_types, new.simple_types
        for verb, types in ((Verb.REMOVED, before - after), (Verb.ADDED, after - before)):
            if types:
                yield Difference("list-of-types", verb, "type", sorted(before), sorted(after), ", ".join(sorted(types)))
        return
    formats = _format(old), _format(new)
    if before == after and formats[0] == formats[1]:
        return
    if not before and not after and not formats[0] and not formats[1]:
        return
    facts = {
        "old_types": before,
        "new_types": after,
        "old_format": formats[0],
        "new_format": formats[1],
        "old_schema": old,
        "new_schema": new,
    }
    keyword = "type" if before != after else "format"
    yield Difference("type", Verb.CHANGED, keyword, _type_text(before, formats[0]), _type_text(after, formats[1]), facts=facts)


def _format(schema: Schema) -> str | None:
    form = schema.first("format")
    return form if isinstance(form, str) and form else None


def _type_text(types: frozenset[str], form: Any) -> str:
    text = " or ".join(sorted(types)) or "anything"
    return f"{text} ({form})" if form else text


def _nullability(old: Schema, new: Schema) -> Iterator[Difference]:
    if old.is_nullable == new.is_nullable:
        return
    lacks = new if old.is_nullable else old
    if not lacks.is_3_0 and not _excludes_null(lacks):
        return
    verb = Verb.SET if new.is_nullable else Verb.UNSET
    keyword = next((word for word in ("nullable", "type", "oneOf", "anyOf") if old.has(word) or new.has(word)), None)
    yield Difference("nullable", verb, keyword, old.is_nullable, new.is_nullable)


def _excludes_null(schema: Schema) -> bool:
    return any(schema.has(word) for word in ("type", "enum", "const", "oneOf", "anyOf"))


def _values(old: Schema, new: Schema) -> Iterator[Difference]:
    before, after = old.enum, new.enum
    if _only_value(old) and _only_value(old) == _only_value(new):
        return
    if before is None and after is not None:
        yield Difference("enum", Verb.SET, "enum", None, after)
    elif before is not None and after is None:
        yield Difference("enum", Verb.UNSET, "enum", before, None)
    elif before is not None and after is not None:
        toggled = old.is_nullable != new.is_nullable
        for verb, some, others in ((Verb.REMOVED, before, after), (Verb.ADDED, after, before)):
            known_to_both = {identity(value) for value in others}
            for value in some:
                if identity(value) not in known_to_both and not (value is None and toggled):
                    yield Difference("enum-value", verb, "enum", before, after, subject=_text(value))
    yield from _constant(old, new)
    known, still = old.first("x-extensible-enum"), new.first("x-extensible-enum")
    if isinstance(known, list) and isinstance(still, list):
        stay = {identity(value) for value in still}
        for value in known:
            if identity(value) not in stay:
                yield Difference("x-extensible-enum-value", Verb.REMOVED, "x-extensible-enum", known, still, subject=_text(value))


def _only_value(schema: Schema) -> str | None:
    """Return the text of the one value that is allowed, however that is said; None where there are more, or none."""
    listed = schema.constants if schema.enum is None else schema.enum
    allowed = [value for value in listed if all(same(value, one) for one in schema.constants)]
    return repr(allowed[0]) if len(allowed) == 1 else None


def _constant(old: Schema, new: Schema) -> Iterator[Difference]:
    if len(new.constants) > 1 and len(old.constants) <= 1:
        yield Difference("const", Verb.CHANGED, "const", old.first("const"), new.constants)
    elif old.has("const") or new.has("const"):
        if not new.has("const"):
            yield Difference("const", Verb.UNSET, "const", old.first("const"), None)
        elif not old.has("const"):
            yield Difference("const", Verb.SET, "const", None, new.first("const"))
        elif not same(old.first("const"), new.first("const")):
            yield Difference("const", Verb.CHANGED, "const", old.first("const"), new.first("const"))


def _bound(keyword: str, old: Schema, new: Schema) -> Iterator[Difference]:
    before, after = old.bound(keyword), new.bound(keyword)
    if before == after:
        return
    narrows = before is None or (after is not None and (after > before) is (keyword in LOWER))
    if keyword in _BESIDE and _is_implied(keyword, after if narrows else before, (old if narrows else new).bound(_BESIDE[keyword])):
        return
    verb = Verb.SET if before is None else Verb.UNSET if after is None else Verb.INCREASED if after > before else Verb.DECREASED
    yield Difference(BOUND_NAMES[keyword], verb, keyword, before, after)


def _is_implied(keyword: str, number: float | int | None, beside: float | int | None) -> bool:
    """Return whether the other word for the same bound (`minimum`, `exclusiveMinimum`) already says as much."""
    if number is None or beside is None:
        return False
    if keyword.startswith("exclusive"):
        return beside > number if keyword in LOWER else beside < number
    return beside >= number if keyword in LOWER else beside <= number


def _multiples(old: Schema, new: Schema) -> Iterator[Difference]:
    before, after = old.multiples, new.multiples
    if before == after:
        return
    verb = Verb.SET if not before else Verb.UNSET if not after else Verb.CHANGED
    facts = {"widens": _all_multiples(before, of=after), "narrows": _all_multiples(after, of=before)}
    yield Difference("multiple-of", verb, "multipleOf", _joined(before), _joined(after), facts=facts)


def _all_multiples(numbers: tuple[float | int, ...], *, of: tuple[float | int, ...]) -> bool:
    """Return whether whatever is a multiple of `numbers` is one of each number in `of`."""
    return all(any(abs(number / step - round(number / step)) < 1e-9 for number in numbers) for step in of)


def _joined(numbers: tuple[float | int, ...]) -> str | None:
    return " and ".join(map(str, numbers)) or None


def _toggled(aspect: str, keyword: str, before: bool, after: bool) -> Iterator[Difference]:
    if before != after:
        yield Difference(aspect, Verb.SET if after else Verb.UNSET, keyword, before, after)


def _replaced(aspect: str, keyword: str, before: str | None, after: str | None) -> Iterator[Difference]:
    if before != after:
        verb = Verb.SET if before is None else Verb.UNSET if after is None else Verb.CHANGED
        yield Difference(aspect, verb, keyword, before, after)


def _dependent_required(old: Schema, new: Schema) -> Iterator[Difference]:
    before, after = old.dependent_required, new.dependent_required
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name, frozenset()), after.get(name, frozenset())
        if one == other:
            continue
        verb = Verb.ADDED if name not in before else Verb.REMOVED if name not in after else Verb.CHANGED
        facts = {"narrows": bool(other - one), "widens": bool(one - other)}
        yield Difference("dependent-required", verb, "dependentRequired", sorted(one), sorted(other), name, facts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
