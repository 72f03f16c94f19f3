"""Bounds: lengths, sizes and numbers may not become narrower in requests nor wider in responses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from shop_contracts.openapi_diff.changes import Change, Direction, Place, Verb
from shop_contracts.openapi_diff.compare.keywords import BOUND_NAMES
from shop_contracts.openapi_diff.rules.rule import CONSEQUENCE, PREFIXES, SCHEMA_PLACES, WHAT, Level, Rule, seen
from shop_contracts.openapi_diff.schemas import LOWER

_TIGHTENS = {True: (Verb.SET, Verb.INCREASED), False: (Verb.SET, Verb.DECREASED)}
_LOOSENS = {True: (Verb.UNSET, Verb.DECREASED), False: (Verb.UNSET, Verb.INCREASED)}
_BEYOND = frozenset((Place.PARAMETER_PROPERTY, Place.HEADER_PROPERTY))
"""Where oasdiff does not look."""


def _bounds() -> Iterator[Rule]:
    for keyword, name in BOUND_NAMES.items():
        for direction, place in SCHEMA_PLACES:
            verbs = (_TIGHTENS if direction is Direction.REQUEST else _LOOSENS)[keyword in LOWER]
            for verb in verbs:
                yield _rule(direction, place, name, verb, keyword)


def _others() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        verb = Verb.SET if direction is Direction.REQUEST else Verb.UNSET
        yield _rule(direction, place, "multiple-of", verb, "multipleOf")
        yield _rule(direction, place, "unique-items", verb, "uniqueItems", own=place not in {Place.BODY, Place.PROPERTY})
        check = _narrower_steps if direction is Direction.REQUEST else _wider_steps
        own = place not in {Place.BODY, Place.PROPERTY}
        yield _rule(direction, place, "multiple-of", Verb.CHANGED, "multipleOf", check=check, own=own)


def _items_of_parameters() -> Rule:
    """oasdiff tells `maxItems` of the elements of a parameter as the parameter's own."""
    rule = _rule(Direction.REQUEST, Place.PARAMETER_PROPERTY, "max-items", Verb.DECREASED, "maxItems")
    return replace(
        rule, id="request-parameter-max-items-decreased", check=lambda change: change.context.trail == "items", own=False
    )


def _rule(
    direction: Direction, place: Place, name: str, verb: Verb, keyword: str, *, check: object = None, own: bool = False
) -> Rule:
    prefix = PREFIXES[direction, place]
    done = {Verb.SET: "was set to {after}", Verb.UNSET: "({before}) is gone"}.get(verb, "went from {before} to {after}")
    return Rule(
        id=f"{prefix}-{name}-{verb}",
        level=Level.ERROR,
        direction=direction,
        place=place,
        aspect=name,
        verb=verb,
        purpose=f"`{keyword}` of a {direction} {WHAT[place]} {_VERBS[verb]}.",
        sentence=f"`{keyword}` {done}: {CONSEQUENCE[direction]}.",
        check=check if callable(check) else seen,
        own=own or place in _BEYOND,
    )


def _narrower_steps(change: Change) -> bool:
    return seen(change) and not change.facts["widens"]


def _wider_steps(change: Change) -> bool:
    return seen(change) and not change.facts["narrows"]


_VERBS = {
    Verb.SET: "is set",
    Verb.UNSET: "is dropped",
    Verb.INCREASED: "grows",
    Verb.DECREASED: "shrinks",
    Verb.CHANGED: "changes to another step",
}

RULES: tuple[Rule, ...] = (*_bounds(), *_others(), _items_of_parameters())
