"""Schemas as a whole: what one side may send, the other must take, however the schemas are written."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.openapi_diff.changes import Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import CONSEQUENCE, PREFIXES, WHAT, Level, Rule

_SENT = {Direction.REQUEST: "clients of the old version may send", Direction.RESPONSE: "the new version may answer"}


def _rules() -> Iterator[Rule]:
    place = Place.BODY
    for direction in (Direction.REQUEST, Direction.RESPONSE):
        prefix, what = PREFIXES[direction, place], f"{direction} {WHAT[place]}"
        yield Rule(
            f"{prefix}-not-contained",
            Level.ERROR,
            direction,
            place,
            "containment",
            Verb.REMOVED,
            f"There is a {what} that one version lets through and the other does not, and no other rule says so.",
            f"{_SENT[direction]} {{subject}}: {CONSEQUENCE[direction]}.",
            own=True,
        )
        yield Rule(
            f"{prefix}-not-proved-safe",
            Level.WARNING,
            direction,
            place,
            "containment",
            Verb.CHANGED,
            f"It can be neither proved nor refuted that every {what} of the one version is one of the other.",
            f"it cannot be proved that this is safe: what {_SENT[direction]} may be refused by the other side.",
            own=True,
        )


RULES: tuple[Rule, ...] = tuple(_rules())
