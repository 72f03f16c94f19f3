"""Schemas inside schemas: choices, conditions and what else restricts an object or an array as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.openapi_diff.changes import Change, Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import BODY_PLACES, CONSEQUENCE, PREFIXES, SCHEMA_PLACES, WHAT, Level, Rule, seen

_RESTRICTIONS = {
    "contains": "contains",
    "property-names": "propertyNames",
    "unevaluated-items": "unevaluatedItems",
    "unevaluated-properties": "unevaluatedProperties",
    "if": "if",
    "then": "then",
    "else": "else",
    "content-schema": "contentSchema",
    "dependent-schema": "dependentSchemas",
    "dependent-required": "dependentRequired",
    "pattern-property": "patternProperties",
}
"""What allows less where it is there, by the name in ids."""
_OWN_RESTRICTIONS = {"not": "not", "items": "items"}
"""The same, where oasdiff has no rule."""


def _restrictions() -> Iterator[Rule]:
    for name, keyword in (_RESTRICTIONS | _OWN_RESTRICTIONS).items():
        for direction, place in SCHEMA_PLACES:
            verb = Verb.ADDED if direction is Direction.REQUEST else Verb.REMOVED
            done = "is new" if verb is Verb.ADDED else "is gone"
            yield Rule(
                f"{PREFIXES[direction, place]}-{name}-{verb}",
                Level.ERROR,
                direction,
                place,
                name,
                verb,
                f"`{keyword}` {'restricts' if verb is Verb.ADDED else 'no longer restricts'} a {direction} {WHAT[place]}.",
                f"`{keyword}` {{subject}} {done}: {CONSEQUENCE[direction]}.",
                seen,
                own=name in _OWN_RESTRICTIONS or (direction, place) not in BODY_PLACES,
            )


def _changed_in_themselves() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        own = (direction, place) not in BODY_PLACES
        prefix, what = PREFIXES[direction, place], f"a {direction} {WHAT[place]}"
        yield Rule(
            f"{prefix}-dependent-required-changed",
            Level.ERROR,
            direction,
            place,
            "dependent-required",
            Verb.CHANGED,
            f"`dependentRequired` of {what} asks for {'more' if direction is Direction.REQUEST else 'less'}.",
            f"beside {{subject}}, {{before}} became {{after}}: {CONSEQUENCE[direction]}.",
            _asks_more if direction is Direction.REQUEST else _asks_less,
            own=own,
        )
        for name in ("not", "if"):
            yield Rule(
                f"{prefix}-{name}-changed",
                Level.ERROR,
                direction,
                place,
                name,
                Verb.CHANGED,
                f"What `{name}` of {what} says changed: other values are excluded, or treated otherwise, than before.",
                f"`{name}` says something else: {CONSEQUENCE[direction]}.",
                seen,
                own=True,
            )
        yield Rule(
            f"{prefix}-additional-properties-{'closed' if direction is Direction.REQUEST else 'opened'}",
            Level.ERROR if direction is Direction.REQUEST else Level.WARNING,
            direction,
            place,
            "additional-properties",
            Verb.ADDED if direction is Direction.REQUEST else Verb.REMOVED,
            f"`additionalProperties` of {what} {'allows less' if direction is Direction.REQUEST else 'allows more'}.",
            f"the rest is {'restricted' if direction is Direction.REQUEST else 'no longer restricted'}: {CONSEQUENCE[direction]}.",
            seen,
            own=True,
        )


def _asks_more(change: Change) -> bool:
    return seen(change) and bool(change.facts["narrows"])


def _asks_less(change: Change) -> bool:
    return seen(change) and bool(change.facts["widens"])


def _choices() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        narrowing = direction is Direction.REQUEST
        prefix, what = PREFIXES[direction, place], f"a {direction} {WHAT[place]}"
        own = (direction, place) not in BODY_PLACES
        for name, keyword in (("one-of", "oneOf"), ("any-of", "anyOf")):
            verb = Verb.REMOVED if narrowing else Verb.ADDED
            yield Rule(
                f"{prefix}-{name}-{verb}",
                Level.ERROR,
                direction,
                place,
                name,
                verb,
                f"`{keyword}` of {what} has {'a branch less' if narrowing else 'a branch more'}.",
                f"the branch {{subject}} {'is gone' if narrowing else 'may come'}: {CONSEQUENCE[direction]}.",
                _branch_lost if narrowing else _branch_won,
                own=own,
            )
            yield Rule(
                f"{prefix}-{name}-{'introduced' if narrowing else 'dropped'}",
                Level.WARNING,
                direction,
                place,
                name,
                Verb.ADDED if narrowing else Verb.REMOVED,
                f"{what[0].upper()}{what[1:]} {'is restricted by' if narrowing else 'is no longer restricted by'} `{keyword}`.",
                f"`{keyword}` {'is new' if narrowing else 'is gone'}: it depends on its branches whether anything else fits now.",
                _introduced if narrowing else _dropped,
                own=True,
            )
        for suffix, level, check in (
            ("", Level.ERROR, _lost_in_wrapping),
            ("-original-preserved", Level.WARNING, _kept_in_wrapping),
        ):
            if suffix and not narrowing:
                continue
            yield Rule(
                f"{prefix}-wrapped-in-one-of{suffix}",
                level,
                direction,
                place,
                "wrapping",
                Verb.SET,
                f"The object of {what} became a `oneOf` into which {'it' if suffix else 'its properties'} moved.",
                f"the object is wrapped in a `oneOf`, of which exactly one branch must hold: {CONSEQUENCE[direction]}.",
                check,
                own=place is not Place.BODY,
            )


def _introduced(change: Change) -> bool:
    return seen(change) and bool(change.facts["introduced"])


def _dropped(change: Change) -> bool:
    return seen(change) and bool(change.facts["dropped"])


def _lost_in_wrapping(change: Change) -> bool:
    return seen(change) and not _kept_in_wrapping(change)


def _kept_in_wrapping(change: Change) -> bool:
    """Return whether a request still fits a branch as it is; a response may be of the other branches all the same."""
    return seen(change) and bool(change.facts["preserved"]) and change.context.direction is Direction.REQUEST


def _branch_lost(change: Change) -> bool:
    return seen(change) and not change.facts["says_nothing"]


def _branch_won(change: Change) -> bool:
    return seen(change) and not change.facts["introduced"]


def _prefix_items() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        for verb in (Verb.ADDED, Verb.REMOVED):
            yield Rule(
                f"{PREFIXES[direction, place]}-prefix-items-{verb}",
                Level.WARNING,
                direction,
                place,
                "prefix-items",
                verb,
                f"`prefixItems` of a {direction} {WHAT[place]} has {'one more' if verb is Verb.ADDED else 'one less'}.",
                f"element {{subject}} has {'a' if verb is Verb.ADDED else 'no'} schema of its own now: what fits may differ.",
                seen,
                own=(direction, place) not in BODY_PLACES,
            )


RULES: tuple[Rule, ...] = (*_restrictions(), *_changed_in_themselves(), *_choices(), *_prefix_items())
