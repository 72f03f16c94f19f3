"""Removal with notice: deprecation, sunset and stability."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

from shop_contracts.openapi_diff.changes import Change, Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import Level, Rule

_NONE, _REQUEST, _RESPONSE = Direction.NONE, Direction.REQUEST, Direction.RESPONSE


def today() -> date:
    """Return the day sunsets are measured against, in UTC."""
    return datetime.now(UTC).date()


def _rule(  # noqa: PLR0917  # called like a row of a table
    id_: str,
    place: Place,
    aspect: str,
    verb: Verb,
    purpose: str,
    sentence: str,
    check: Callable[[Change], bool],
    direction: Direction = _NONE,
) -> Rule:
    return Rule(id_, Level.ERROR, direction, place, aspect, verb, purpose, sentence, check)


def _too_early(change: Change) -> bool:
    facts = change.facts
    return bool(facts["deprecated"] and facts["sunset"] is not None and today() < facts["sunset"])


def _unreadable(change: Change) -> bool:
    return bool(change.facts["deprecated"] and change.facts["has_sunset"] and change.facts["sunset"] is None)


def _removals() -> Iterator[Rule]:
    for aspect, prefix, what in (("path", "api-path", "A path"), ("operation", "api", "An operation")):
        yield _rule(
            f"{prefix}-removed-without-deprecation",
            Place.OPERATION,
            aspect,
            Verb.REMOVED,
            f"{what} is gone that was not deprecated.",
            "it is gone without having been deprecated: its callers had no notice.",
            lambda change: not change.facts["deprecated"],
        )
        yield _rule(
            f"{prefix}-removed-before-sunset",
            Place.OPERATION,
            aspect,
            Verb.REMOVED,
            f"{what} is gone before the day it was promised until.",
            "it is gone before its sunset: its callers were promised longer.",
            _too_early,
        )
        yield _rule(
            "api-path-sunset-parse",
            Place.OPERATION,
            aspect,
            Verb.REMOVED,
            "An operation is gone, or its sunset changed, and `x-sunset` is no date.",
            "its `x-sunset` is no date: nobody could know until when it stays.",
            _unreadable,
        )
    yield _rule(
        "request-parameter-removed-before-sunset",
        Place.PARAMETER,
        "parameter",
        Verb.REMOVED,
        "A parameter is gone before the day it was promised until.",
        "the parameter {subject} is gone before its sunset: its users were promised longer.",
        _too_early,
        _REQUEST,
    )
    yield _rule(
        "request-parameter-sunset-parse",
        Place.PARAMETER,
        "parameter",
        Verb.REMOVED,
        "A parameter is deprecated or gone, and its `x-sunset` is no date.",
        "the `x-sunset` of {subject} is no date: nobody could know until when it stays.",
        _unreadable,
        _REQUEST,
    )


def _newly(change: Change) -> bool:
    return bool(change.facts["after"]["has_sunset"])


def _newly_unreadable(change: Change) -> bool:
    return _newly(change) and change.facts["after"]["sunset"] is None


def _newly_past(change: Change) -> bool:
    sunset = change.facts["after"]["sunset"]
    return sunset is not None and sunset < today()


_DEPRECATIONS = (
    (_NONE, Place.OPERATION, "api-deprecated-sunset-parse", "api-sunset-date-too-small", "An operation"),
    (_REQUEST, Place.PARAMETER, "request-parameter-sunset-parse", "request-parameter-sunset-date-too-small", "A parameter"),
    (
        _REQUEST,
        Place.PROPERTY,
        "request-property-deprecated-sunset-invalid",
        "request-property-sunset-date-too-small",
        "A property of a request",
    ),
    (
        _RESPONSE,
        Place.PROPERTY,
        "response-property-deprecated-sunset-invalid",
        "response-property-sunset-date-too-small",
        "A property of a response",
    ),
)


def _deprecations() -> Iterator[Rule]:
    for direction, place, unreadable, past, what in _DEPRECATIONS:
        yield _rule(
            unreadable,
            place,
            "deprecation",
            Verb.SET,
            f"{what} is deprecated, and its `x-sunset` is no date.",
            "it is deprecated and its `x-sunset` is no date: nobody can know until when it stays.",
            _newly_unreadable,
            direction,
        )
        yield _rule(
            past,
            place,
            "deprecation",
            Verb.SET,
            f"{what} is deprecated with a sunset that has passed.",
            "it is deprecated and its sunset has passed already: its users have no time to change.",
            _newly_past,
            direction,
        )


def _earlier(change: Change) -> bool:
    before, after = change.facts["before"]["sunset"], change.facts["after"]["sunset"]
    return before is not None and after is not None and after < before and after < today()


def _sunset_unreadable(change: Change) -> bool:
    return change.facts["before"]["sunset"] is None or change.facts["after"]["sunset"] is None


def _sunsets() -> Iterator[Rule]:
    for direction, place, deleted, earlier, parse, what in (
        (_NONE, Place.OPERATION, "sunset-deleted", "api-sunset-date-changed-too-small", "api-path-sunset-parse", "An operation"),
        (
            _REQUEST,
            Place.PARAMETER,
            "request-parameter-sunset-deleted",
            "request-parameter-sunset-date-changed-too-small",
            "request-parameter-sunset-parse",
            "A parameter",
        ),
    ):
        yield _rule(
            deleted,
            place,
            "sunset",
            Verb.UNSET,
            f"{what} stays deprecated and its sunset is gone.",
            "it is deprecated and its sunset is gone: nobody knows any more until when it stays.",
            lambda _: True,
            direction,
        )
        yield _rule(
            earlier,
            place,
            "sunset",
            Verb.CHANGED,
            f"The sunset of {what[0].lower()}{what[1:]} moved to a day that has passed.",
            "its sunset moved from {before} to {after}, which has passed: its users were promised longer.",
            _earlier,
            direction,
        )
        yield _rule(
            parse,
            place,
            "sunset",
            Verb.CHANGED,
            f"{what} is deprecated, and its `x-sunset` was or is no date.",
            "its `x-sunset` went from {before} to {after}, and one of them is no date.",
            _sunset_unreadable,
            direction,
        )


def _was_stable(change: Change) -> bool:
    return change.before in {"stable", "beta"}


def _stability() -> Iterator[Rule]:
    for direction, place, id_, what in (
        (_NONE, Place.OPERATION, "api-stability-decreased", "An operation"),
        (_REQUEST, Place.PROPERTY, "request-property-stability-decreased", "A property of a request"),
        (_RESPONSE, Place.PROPERTY, "response-property-stability-decreased", "A property of a response"),
    ):
        yield _rule(
            id_,
            place,
            "stability",
            Verb.DECREASED,
            f"{what} is less stable than was promised.",
            "its stability fell from {before} to {after}: who built on it was promised more.",
            _was_stable,
            direction,
        )
        yield _rule(
            "api-invalid-stability-level",
            place,
            "stability",
            Verb.CHANGED,
            "An `x-stability-level` is none of draft, alpha, beta and stable.",
            "its `x-stability-level` is none of draft, alpha, beta and stable: nobody can know what is promised.",
            lambda _: True,
            direction,
        )


RULES: tuple[Rule, ...] = (*_removals(), *_deprecations(), *_sunsets(), *_stability())
