"""Who may call may not become fewer."""

from __future__ import annotations

from shop_contracts.openapi_diff.changes import Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import Level, Rule

_PLACES = ((Place.OPERATION, "api", "an operation"), (Place.DOCUMENT, "api-global", "the whole API"))

RULES: tuple[Rule, ...] = (
    *(
        Rule(
            f"{prefix}-security-scope-added",
            Level.ERROR,
            Direction.NONE,
            place,
            "security-scope",
            Verb.ADDED,
            f"A security scheme of {what} asks for one more scope.",
            "{before} asks for the scope {subject}: tokens without it are refused.",
        )
        for place, prefix, what in _PLACES
    ),
    Rule(
        "api-security-removed",
        Level.ERROR,
        Direction.NONE,
        Place.OPERATION,
        "security",
        Verb.REMOVED,
        "A way to authenticate at an operation is gone.",
        "{subject} no longer opens it: clients that authenticate so have no say in what they may do.",
    ),
    Rule(
        "api-global-security-removed",
        Level.ERROR,
        Direction.NONE,
        Place.DOCUMENT,
        "security",
        Verb.REMOVED,
        "A way to authenticate at the whole API is gone while others remain.",
        "{subject} no longer opens it: clients that authenticate so are refused.",
        lambda change: bool(change.facts["remains"]),
    ),
    Rule(
        "api-security-scheme-changed",
        Level.ERROR,
        Direction.NONE,
        Place.DOCUMENT,
        "security-scheme",
        Verb.CHANGED,
        "A security scheme is of another type, or its credentials are looked for elsewhere.",
        "{subject} changed ({before} became {after}): credentials sent the old way are not seen.",
        own=True,
    ),
    *(
        Rule(
            f"{prefix}-anonymous-access-removed",
            Level.WARNING,
            Direction.NONE,
            place,
            "anonymous-access",
            Verb.REMOVED,
            f"{what[0].upper()}{what[1:]} can no longer be called without authentication.",
            "callers must authenticate now: where the server did not ask for it before, they are refused.",
            own=True,
        )
        for place, prefix, what in _PLACES
    ),
)
