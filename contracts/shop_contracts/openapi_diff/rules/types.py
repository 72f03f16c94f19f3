"""Types, formats, nullability and encodings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shop_contracts.openapi_diff.changes import Change, Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import (
    BODY_PLACES,
    CONSEQUENCE,
    PREFIXES,
    REFUSED,
    SCHEMA_PLACES,
    SURPRISED,
    WHAT,
    Level,
    Rule,
    seen,
)
from shop_contracts.openapi_diff.schemas import ANNOTATIONS, Schema, same

_WIDER_FORMATS = frozenset(
    (
        ("number", "float", "double"),
        ("integer", "int32", "int64"),
        ("integer", "int32", "bigint"),
        ("integer", "int64", "bigint"),
        ("string", "date", "date-time"),
        ("string", "time", "date-time"),
    )
)
"""Formats of which the second takes the first's values too, as oasdiff has it."""


def _covered(types: frozenset[str], by: frozenset[str], *, strongly_typed: bool) -> bool:
    """Return whether `by` allows every value of `types`. On text a string allows anything."""
    if not by:
        return True
    if not types:
        return not strongly_typed and "string" in by
    if not strongly_typed and "string" in by:
        return True
    return all(one in by or (one == "integer" and "number" in by) for one in types)


def _narrows(change: Change, *, strongly_typed: bool) -> bool:
    """Return whether the new types or format take less than the old ones."""
    facts = change.facts
    return _takes_less(
        facts["old_types"], facts["new_types"], facts["old_format"], facts["new_format"], strongly_typed=strongly_typed
    )


def _widens(change: Change, *, strongly_typed: bool) -> bool:
    facts = change.facts
    return _takes_less(
        facts["new_types"], facts["old_types"], facts["new_format"], facts["old_format"], strongly_typed=strongly_typed
    )


def _takes_less(types: frozenset[str], now: frozenset[str], form: Any, now_form: Any, *, strongly_typed: bool) -> bool:
    if types and not now:
        return False
    if types != now and not _covered(types, now, strongly_typed=strongly_typed):
        return True
    if form == now_form or not now_form:
        return False
    return not (len(now) == 1 and (next(iter(now)), form, now_form) in _WIDER_FORMATS)


def _changed_request(change: Change) -> bool:
    return seen(change) and _narrows(change, strongly_typed=change.context.strongly_typed is not False)


def _changed_parameter(change: Change) -> bool:
    return _narrows(change, strongly_typed=change.context.strongly_typed is True) and not _one_of_an_array(change)


def _specialized(change: Change) -> bool:
    return _narrows(change, strongly_typed=True) and (
        change.context.strongly_typed is True or _narrows(change, strongly_typed=False)
    )


def _unclear(change: Change) -> bool:
    return not _specialized(change) and _narrows(change, strongly_typed=True)


def _changed_response(change: Change) -> bool:
    return _breaks_response(change) and not _grew(change)


def _generalized(change: Change) -> bool:
    return _breaks_response(change) and _grew(change)


def _breaks_response(change: Change) -> bool:
    return seen(change) and _widens(change, strongly_typed=change.context.strongly_typed is not False)


def _grew(change: Change) -> bool:
    old, new = change.facts["old_types"], change.facts["new_types"]
    return bool(old and new) and old != new and _covered(old, new, strongly_typed=True)


def _one_of_an_array(change: Change) -> bool:
    """Return whether a single value became an array that takes it as its only element: `?a=1` is both (style form, exploded)."""
    old: Schema = change.facts["old_schema"]
    new: Schema = change.facts["new_schema"]
    items = new.one("items")
    if not change.context.form_exploded or new.types != {"array"} or not old.types or "array" in old.types or items is None:
        return False
    if (new.bound("minItems") or 0) > 1 or not _covered(old.types, items.types, strongly_typed=False):
        return False
    words = {word for schema in (old, items) for node in schema.conjuncts for word in node.value} - ANNOTATIONS
    return all(same(old.first(word), items.first(word)) for word in words - {"type", "nullable", "$ref", "allOf"})


def _types() -> Iterator[Rule]:
    for place in (Place.BODY, Place.PROPERTY):
        yield _type(Direction.REQUEST, place, "type-changed", _changed_request)
        yield _type(Direction.RESPONSE, place, "type-changed", _changed_response)
        yield _type(Direction.RESPONSE, place, "type-generalized", _generalized)
    yield _type(Direction.REQUEST, Place.PARAMETER, "type-changed", _changed_parameter)
    yield _type(Direction.REQUEST, Place.PARAMETER_PROPERTY, "type-specialized", _specialized)
    yield Rule(
        "request-parameter-property-type-changed",
        Level.WARNING,
        Direction.REQUEST,
        Place.PARAMETER_PROPERTY,
        "type",
        Verb.CHANGED,
        "The type of a property of a parameter changed: it breaks where it is sent as JSON and not where it is sent as text.",
        "{before} became {after}: it depends on how the parameter is written whether requests are refused.",
        _unclear,
    )
    for place in (Place.HEADER, Place.HEADER_PROPERTY):
        yield _type(Direction.RESPONSE, place, "type-changed", _changed_response)
        yield _type(Direction.RESPONSE, place, "type-generalized", _generalized)


def _type(direction: Direction, place: Place, name: str, check: Any) -> Rule:
    purpose = {
        "type-changed": "changed to one that does not fit",
        "type-generalized": "takes more types than before",
        "type-specialized": "takes fewer values than before, however it is sent",
    }[name]
    return Rule(
        f"{PREFIXES[direction, place]}-{name}",
        Level.ERROR,
        direction,
        place,
        "type",
        Verb.CHANGED,
        f"The type or format of a {direction} {WHAT[place]} {purpose}.",
        f"{{before}} became {{after}}: {CONSEQUENCE[direction]}.",
        check,
        own=place is Place.HEADER_PROPERTY,
    )


def _lists() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        narrowing = direction is Direction.REQUEST
        name, verb = ("list-of-types-narrowed", Verb.REMOVED) if narrowing else ("list-of-types-widened", Verb.ADDED)
        yield Rule(
            f"{PREFIXES[direction, place]}-{name}",
            Level.ERROR,
            direction,
            place,
            "list-of-types",
            verb,
            f"The choice of plain types of a {direction} {WHAT[place]} has {'one less' if narrowing else 'one more'}.",
            f"{{subject}} {'is gone' if narrowing else 'may come'}: {CONSEQUENCE[direction]}.",
            _lost_type if narrowing else _new_type,
            own=place in {Place.HEADER, Place.HEADER_PROPERTY},
        )


def _lost_type(change: Change) -> bool:
    return seen(change) and not _covered(frozenset(change.before), frozenset(change.after), strongly_typed=True)


def _new_type(change: Change) -> bool:
    return seen(change) and not _covered(frozenset(change.after), frozenset(change.before), strongly_typed=True)


def _nullability() -> Iterator[Rule]:
    for (direction, place), prefix in PREFIXES.items():
        narrowing = direction is Direction.REQUEST
        name, verb = ("became-not-nullable", Verb.UNSET) if narrowing else ("became-nullable", Verb.SET)
        tail = "requests with null are refused" if narrowing else "clients get null where there was always a value"
        yield Rule(
            f"{prefix}-{name}",
            Level.ERROR,
            direction,
            place,
            "nullable",
            verb,
            f"A {direction} {WHAT[place]} {'no longer takes' if narrowing else 'may be'} null.",
            f"null {'is excluded' if narrowing else 'may come'}: {tail}.",
            seen,
            own=place is Place.HEADER_PROPERTY,
        )


_FALSE = {
    (Direction.REQUEST, Place.BODY): (Verb.SET, "became-false"),
    (Direction.REQUEST, Place.PROPERTY): (Verb.SET, "became-false"),
    (Direction.REQUEST, Place.PARAMETER): (Verb.SET, "became-false"),
    (Direction.REQUEST, Place.PARAMETER_PROPERTY): (Verb.SET, "became-false"),
    (Direction.RESPONSE, Place.BODY): (Verb.SET, "became-false"),
    (Direction.RESPONSE, Place.PROPERTY): (Verb.UNSET, "became-not-false"),
    (Direction.RESPONSE, Place.HEADER): (Verb.UNSET, "became-not-false"),
    (Direction.RESPONSE, Place.HEADER_PROPERTY): (Verb.UNSET, "became-not-false"),
}


def _never() -> Iterator[Rule]:
    for (direction, place), (verb, name) in _FALSE.items():
        closing = verb is Verb.SET
        tail = REFUSED if direction is Direction.REQUEST else "no answer is valid any more" if closing else SURPRISED
        yield Rule(
            f"{PREFIXES[direction, place]}-schema-{name}",
            Level.ERROR,
            direction,
            place,
            "schema-false",
            verb,
            f"The schema of a {direction} {WHAT[place]} {'became' if closing else 'is no longer'} `false`.",
            f"{'nothing is' if closing else 'something may be'} there: {tail}.",
            seen,
            own=place is Place.HEADER_PROPERTY,
        )


def _encodings() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        for keyword in ("contentEncoding", "contentMediaType"):
            aspect = "content-encoding" if keyword == "contentEncoding" else "content-media-type"
            yield Rule(
                f"{PREFIXES[direction, place]}-{aspect}-changed",
                Level.ERROR,
                direction,
                place,
                aspect,
                Verb.CHANGED,
                f"`{keyword}` of a {direction} {WHAT[place]} changed.",
                "{before} became {after}: one side writes what the other does not read.",
                seen,
                own=(direction, place) not in BODY_PLACES,
            )


RULES: tuple[Rule, ...] = (*_types(), *_lists(), *_nullability(), *_never(), *_encodings())
