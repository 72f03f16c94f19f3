"""The shape of a rule, and the words that rules of all families share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shop_contracts.openapi_diff.changes import Change, Direction, Place, Verb


class Level(StrEnum):
    """How sure it is that a change breaks someone."""

    ERROR = "error"
    """It breaks who kept to the old version."""
    WARNING = "warning"
    """It may; the documents do not say enough to know."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to break a client. Ids are oasdiff's where it has the rule; `own` marks those it does not have.

    The rule is asked about changes of its `aspect` and `verb` at its `place` in its `direction`, and `check` says whether they
    break. `sentence` says why it breaks whom; it may name `{subject}`, `{before}`, `{after}` and `{where}`.
    """

    id: str
    level: Level
    direction: Direction
    place: Place
    aspect: str
    verb: Verb
    purpose: str
    sentence: str
    check: Callable[[Change], bool] = lambda _: True
    own: bool = False


PREFIXES: Mapping[tuple[Direction, Place], str] = {
    (Direction.REQUEST, Place.BODY): "request-body",
    (Direction.REQUEST, Place.PROPERTY): "request-property",
    (Direction.REQUEST, Place.PARAMETER): "request-parameter",
    (Direction.REQUEST, Place.PARAMETER_PROPERTY): "request-parameter-property",
    (Direction.RESPONSE, Place.BODY): "response-body",
    (Direction.RESPONSE, Place.PROPERTY): "response-property",
    (Direction.RESPONSE, Place.HEADER): "response-header",
    (Direction.RESPONSE, Place.HEADER_PROPERTY): "response-header-property",
}
"""How ids begin for each kind of schema."""

SCHEMA_PLACES = tuple(PREFIXES)
BODY_PLACES = tuple(key for key in SCHEMA_PLACES if key[1] in {Place.BODY, Place.PROPERTY})

WHAT: Mapping[Place, str] = {
    Place.BODY: "body",
    Place.PROPERTY: "property",
    Place.PARAMETER: "parameter",
    Place.PARAMETER_PROPERTY: "property of a parameter",
    Place.HEADER: "header",
    Place.HEADER_PROPERTY: "property of a header",
}

REFUSED = "requests that keep to the old version are refused"
SURPRISED = "clients get what the old version ruled out"
CONSEQUENCE: Mapping[Direction, str] = {Direction.REQUEST: REFUSED, Direction.RESPONSE: SURPRISED}


def seen(change: Change) -> bool:
    """Return whether this direction carries the thing at all: read-only properties are in no request."""
    return not change.context.unseen
