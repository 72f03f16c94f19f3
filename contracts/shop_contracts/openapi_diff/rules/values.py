"""Values: enums, constants and patterns may not become narrower in requests nor wider in responses."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.openapi_diff.changes import Change, Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import BODY_PLACES, PREFIXES, REFUSED, SCHEMA_PLACES, SURPRISED, WHAT, Level, Rule, seen

_ENUM_IN_OASDIFF = frozenset(
    (
        "request-body-became-enum",
        "request-property-became-enum",
        "request-parameter-became-enum",
        "request-header-property-became-enum",
        "request-body-enum-value-removed",
        "request-property-enum-value-removed",
        "request-parameter-enum-value-removed",
        "request-parameter-property-enum-value-removed",
        "response-property-enum-value-added",
    )
)
_PATTERNS_IN_OASDIFF = frozenset(
    (
        "request-parameter-pattern-added",
        "request-property-pattern-added",
        "response-property-pattern-removed",
        "request-parameter-pattern-changed",
        "request-property-pattern-changed",
        "response-property-pattern-changed",
    )
)


def _enums() -> Iterator[Rule]:
    for (direction, place), prefix in PREFIXES.items():
        what = f"a {direction} {WHAT[place]}"
        if direction is Direction.REQUEST:
            yield _enum(
                f"{prefix}-became-enum",
                place,
                direction,
                "enum",
                Verb.SET,
                f"{what} is restricted to an enum.",
                "only {after} are left",
            )
            yield _enum(
                f"{prefix}-enum-value-removed",
                place,
                direction,
                "enum-value",
                Verb.REMOVED,
                f"A value of the enum of {what} is gone.",
                "the value {subject} is gone",
            )
            yield Rule(
                f"{prefix}-enum-value-removed",
                Level.ERROR,
                direction,
                place,
                "enum",
                Verb.UNSET,
                f"The enum of {what} is gone, and with it the type that generated clients have for it.",
                "the values {before} are no longer named: code that was generated with an enum type for them no longer compiles.",
                seen,
                own=f"{prefix}-enum-value-removed" not in _ENUM_IN_OASDIFF,
            )
        else:
            yield _enum(
                f"{prefix}-enum-removed", place, direction, "enum", Verb.UNSET, f"The enum of {what} is gone.", "any value may come"
            )
            yield _enum(
                f"{prefix}-enum-value-added",
                place,
                direction,
                "enum-value",
                Verb.ADDED,
                f"The enum of {what} has one more value.",
                "the value {subject} may come",
            )
    for place in (Place.PARAMETER, Place.PARAMETER_PROPERTY):
        yield Rule(
            "request-header-property-became-enum",
            Level.ERROR,
            Direction.REQUEST,
            place,
            "enum",
            Verb.SET,
            "A request header, or a property in it, is restricted to an enum.",
            f"only {{after}} are left: {REFUSED}.",
            lambda change: change.context.location == "header",
        )


def _enum(  # noqa: PLR0917  # called like a row of a table
    id_: str, place: Place, direction: Direction, aspect: str, verb: Verb, purpose: str, told: str
) -> Rule:
    tail = REFUSED if direction is Direction.REQUEST else "clients that know the old values only do not know what to do with it"
    purpose = purpose[0].upper() + purpose[1:]
    return Rule(
        id_, Level.ERROR, direction, place, aspect, verb, purpose, f"{told}: {tail}.", seen, own=id_ not in _ENUM_IN_OASDIFF
    )


def _extensible() -> Iterator[Rule]:
    for place in (Place.PARAMETER, Place.PROPERTY):
        prefix = PREFIXES[Direction.REQUEST, place]
        yield Rule(
            f"{prefix}-x-extensible-enum-value-removed",
            Level.ERROR,
            Direction.REQUEST,
            place,
            "x-extensible-enum-value",
            Verb.REMOVED,
            f"A value of the `x-extensible-enum` of a request {WHAT[place]} is gone.",
            f"the value {{subject}} is gone: {REFUSED}.",
            seen,
        )


def _constants() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        narrowing = direction is Direction.REQUEST
        for verb, name in ((Verb.SET if narrowing else Verb.UNSET, "added" if narrowing else "removed"), (Verb.CHANGED, "changed")):
            told = {
                Verb.SET: "only {after} is left",
                Verb.UNSET: "it is no longer always {before}",
                Verb.CHANGED: "{before} became {after}",
            }[verb]
            tail = REFUSED if narrowing else SURPRISED
            yield Rule(
                f"{PREFIXES[direction, place]}-const-{name}",
                Level.ERROR,
                direction,
                place,
                "const",
                verb,
                f"`const` of a {direction} {WHAT[place]} is {name}.",
                f"{told}: {tail}.",
                seen,
                own=(direction, place) not in BODY_PLACES,
            )


def _patterns() -> Iterator[Rule]:
    for (direction, place), prefix in PREFIXES.items():
        narrowing = direction is Direction.REQUEST
        verb, name = (Verb.SET, "added") if narrowing else (Verb.UNSET, "removed")
        told = f"only what matches {{after}} is taken: {REFUSED}" if narrowing else f"it need not match {{before}}: {SURPRISED}"
        id_ = f"{prefix}-pattern-{name}"
        purpose = f"`pattern` of a {direction} {WHAT[place]} is {name}."
        own = id_ not in _PATTERNS_IN_OASDIFF
        yield Rule(id_, Level.ERROR, direction, place, "pattern", verb, purpose, f"{told}.", _matters, own=own)
        id_ = f"{prefix}-pattern-changed"
        yield Rule(
            id_,
            Level.WARNING,
            direction,
            place,
            "pattern",
            Verb.CHANGED,
            f"`pattern` of a {direction} {WHAT[place]} changed; which of the two allows more cannot be told.",
            "{before} became {after}: values that were valid may not be, or new ones come.",
            _matters,
            own=id_ not in _PATTERNS_IN_OASDIFF,
        )


def _matters(change: Change) -> bool:
    return seen(change) and change.after not in {".*", "^.*$"}


RULES: tuple[Rule, ...] = (*_enums(), *_extensible(), *_constants(), *_patterns())
