"""Deprecation, sunset and stability: of operations, parameters and properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from shop_contracts.openapi_diff.changes import Verb
from shop_contracts.openapi_diff.compare.keywords import Difference
from shop_contracts.openapi_diff.schemas import Schema

SUNSET, STABILITY = "x-sunset", "x-stability-level"
LEVELS = ("draft", "alpha", "beta", "stable")


def sunset_date(value: Any) -> date | None:
    """Return the day that an `x-sunset` names (RFC 3339); None where it names none."""
    try:
        return date.fromisoformat(str(value)) if len(str(value)) == 10 else datetime.fromisoformat(str(value)).date()
    except ValueError:
        return None


def stability_of(value: Any) -> str | None:
    """Return the level that an `x-stability-level` names, `stable` where there is none; None where it is not a level."""
    if value is None:
        return "stable"
    return value if value in LEVELS else None


def sunset_facts(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what rules ask about the end of something: `deprecated`, `has_sunset`, `sunset` (a date, None when unreadable)."""
    raw = value.get(SUNSET)
    return {"deprecated": value.get("deprecated") is True, "has_sunset": raw is not None, "sunset": sunset_date(raw)}


def lifecycle(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what changed in deprecation, sunset and stability of one thing."""
    old, new = sunset_facts(before), sunset_facts(after)
    facts = {"before": old, "after": new}
    if old["deprecated"] != new["deprecated"]:
        verb = Verb.SET if new["deprecated"] else Verb.UNSET
        yield Difference("deprecation", verb, "deprecated", old["deprecated"], new["deprecated"], facts=facts)
    if before.get(SUNSET) != after.get(SUNSET) and old["has_sunset"] and new["deprecated"]:
        verb = Verb.CHANGED if new["has_sunset"] else Verb.UNSET
        yield Difference("sunset", verb, SUNSET, before.get(SUNSET), after.get(SUNSET), facts=facts)
    levels = stability_of(before.get(STABILITY)), stability_of(after.get(STABILITY))
    if None in levels and before.get(STABILITY) != after.get(STABILITY):
        yield Difference("stability", Verb.CHANGED, STABILITY, before.get(STABILITY), after.get(STABILITY))
    elif None not in levels and levels[0] != levels[1]:
        fell = LEVELS.index(str(levels[1])) < LEVELS.index(str(levels[0]))
        yield Difference("stability", Verb.DECREASED if fell else Verb.INCREASED, STABILITY, *levels)


def schema_lifecycle(old: Schema, new: Schema) -> Iterator[Difference]:
    """Yield what changed in deprecation, sunset and stability of a property."""
    words = ("deprecated", SUNSET, STABILITY)
    before = {word: old.first(word) for word in words}
    after = {word: new.first(word) for word in words}
    if before != after:
        yield from lifecycle(before, after)
