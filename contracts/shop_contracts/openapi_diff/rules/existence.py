"""Properties, parameters and bodies: what is sent may not be asked for anew, what is received may not go."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shop_contracts.openapi_diff.changes import Change, Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import BODY_PLACES, PREFIXES, SCHEMA_PLACES, WHAT, Level, Rule, seen

_REQUEST, _RESPONSE = Direction.REQUEST, Direction.RESPONSE


def _sent(change: Change) -> bool:
    return seen(change) and not change.facts["read_only"]


def _received(change: Change) -> bool:
    return seen(change) and not change.facts["write_only"]


def _new_and_required(change: Change) -> bool:
    return _sent(change) and bool(change.facts["required"])


def _in_header(change: Change) -> bool:
    return change.context.location == "header"


def _properties() -> Iterator[Rule]:
    for direction, place in SCHEMA_PLACES:
        prefix = PREFIXES[direction, place]
        yield from _request_properties(place, prefix) if direction is _REQUEST else _response_properties(place, prefix)


def _request_properties(place: Place, prefix: str) -> Iterator[Rule]:
    what = WHAT[place]
    in_parameter = place in {Place.PARAMETER, Place.PARAMETER_PROPERTY}
    new_id = "new-required-request-parameter-property" if in_parameter else "new-required-request-property"
    became_id = "request-parameter-property-became-required" if in_parameter else "request-property-became-required"
    for suffix, has_default in (("", False), ("-with-default", True)):
        tail = "; a default does not make up for it" if has_default else ""
        yield Rule(
            f"{new_id}{suffix}",
            Level.ERROR,
            _REQUEST,
            place,
            "property",
            Verb.ADDED,
            f"A request {what} has a new property that must be there{', with a default' if has_default else ''}.",
            f"the new property {{subject}} is required: requests without it are refused{tail}.",
            _with_default(_new_and_required, has_default, outside_header=in_parameter),
            own=in_parameter,
        )
        yield Rule(
            f"{became_id}{suffix}",
            Level.ERROR,
            _REQUEST,
            place,
            "required",
            Verb.SET,
            f"A property of a request {what} must be there now{', with a default' if has_default else ''}.",
            f"the property {{subject}} is required now: requests without it are refused{tail}.",
            _with_default(_sent, has_default, outside_header=in_parameter),
            own=in_parameter,
        )
    yield Rule(
        f"{prefix}-undeclared-became-required",
        Level.WARNING,
        _REQUEST,
        place,
        "required-undeclared",
        Verb.SET,
        f"A request {what} must have a property that is not declared.",
        "{subject} is required and not among the properties: requests without it are refused.",
        seen,
        own=True,
    )
    if in_parameter:
        yield Rule(
            "new-required-request-header-property",
            Level.ERROR,
            _REQUEST,
            place,
            "property",
            Verb.ADDED,
            "A request header has a new property that must be there.",
            "the new property {subject} is required: requests without it are refused.",
            lambda change: _in_header(change) and _new_and_required(change),
        )
        yield Rule(
            "request-header-property-became-required",
            Level.ERROR,
            _REQUEST,
            place,
            "required",
            Verb.SET,
            "A property of a request header must be there now.",
            "the property {subject} is required now: requests without it are refused.",
            lambda change: _in_header(change) and _sent(change),
        )
    yield Rule(
        "request-parameter-property-removed" if in_parameter else "request-property-removed",
        Level.WARNING,
        _REQUEST,
        place,
        "property",
        Verb.REMOVED,
        f"A property of a request {what} is gone; whether it may still be sent is for the server to say.",
        "the property {subject} is gone: requests that send it may be refused, or what they send is ignored.",
        _sent,
        own=in_parameter,
    )


def _with_default(check: Callable[[Change], bool], has_default: bool, *, outside_header: bool) -> Callable[[Change], bool]:
    def asked(change: Change) -> bool:
        return check(change) and bool(change.facts["has_default"]) is has_default and not (outside_header and _in_header(change))

    return asked


def _response_properties(place: Place, prefix: str) -> Iterator[Rule]:
    own = (_RESPONSE, place) not in BODY_PLACES
    yield Rule(
        "response-header-required-property-removed" if own else "response-required-property-removed",
        Level.ERROR,
        _RESPONSE,
        place,
        "property",
        Verb.REMOVED,
        f"A property that a response {WHAT[place]} always had is gone.",
        "the property {subject} was always there and is gone: clients that read it break.",
        lambda change: _received(change) and bool(change.facts["required"]),
        own=own,
    )
    yield Rule(
        "response-header-property-became-optional" if own else "response-property-became-optional",
        Level.ERROR,
        _RESPONSE,
        place,
        "required",
        Verb.UNSET,
        f"A property that a response {WHAT[place]} always had may be missing.",
        "the property {subject} may be missing: clients that count on it break.",
        _received,
        own=own,
    )
    yield Rule(
        f"{prefix}-undeclared-became-optional",
        Level.WARNING,
        _RESPONSE,
        place,
        "required-undeclared",
        Verb.UNSET,
        f"A response {WHAT[place]} may lack a property that was required and never declared.",
        "{subject} was required, though not among the properties, and may be missing: clients that count on it break.",
        seen,
        own=True,
    )


def _parameters() -> Iterator[Rule]:
    def rule(  # noqa: PLR0917  # called like a row of a table
        id_: str, aspect: str, verb: Verb, purpose: str, sentence: str, check: Callable[[Change], bool]
    ) -> Rule:
        return Rule(id_, Level.ERROR, _REQUEST, Place.PARAMETER, aspect, verb, purpose, sentence, check)

    def new(change: Change, *, of_path: bool) -> bool:
        return change.context.location != "path" and bool(change.facts["required"]) and change.facts["of_path"] is of_path

    told = "the parameter {subject} is new and required: requests without it are refused."
    yield rule(
        "new-required-request-parameter",
        "parameter",
        Verb.ADDED,
        "An operation has a new parameter that must be there.",
        told,
        lambda change: new(change, of_path=False),
    )
    yield rule(
        "new-required-request-default-parameter-to-existing-path",
        "parameter",
        Verb.ADDED,
        "A path has a new parameter, for all its operations, that must be there.",
        told,
        lambda change: new(change, of_path=True),
    )
    yield rule(
        "new-request-path-parameter",
        "parameter",
        Verb.ADDED,
        "An operation has a new parameter in its path.",
        "the path parameter {subject} is new: the old addresses are gone.",
        lambda change: change.context.location == "path",
    )
    yield rule(
        "request-parameter-became-required",
        "parameter-required",
        Verb.SET,
        "A parameter must be there now.",
        "the parameter {subject} is required now: requests without it are refused.",
        lambda _: True,
    )
    yield Rule(
        "request-parameter-removed",
        Level.WARNING,
        _REQUEST,
        Place.PARAMETER,
        "parameter",
        Verb.REMOVED,
        "A parameter is gone that was not deprecated; servers mostly ignore what they do not know.",
        "the parameter {subject} is gone: what clients send with it is ignored, or refused.",
        lambda change: not change.facts["deprecated"],
    )
    yield Rule(
        "request-parameter-empty-value-refused",
        Level.ERROR,
        _REQUEST,
        Place.PARAMETER,
        "allow-empty-value",
        Verb.UNSET,
        "A parameter may no longer be sent without a value.",
        "{subject} may no longer be empty: requests that send it so are refused.",
        own=True,
    )
    yield Rule(
        "request-parameter-style-changed",
        Level.ERROR,
        _REQUEST,
        Place.PARAMETER,
        "style",
        Verb.CHANGED,
        "A parameter is written differently: in another style, or in a media type.",
        "how it is written changed ({before} became {after}): requests written the old way are misread.",
        own=True,
    )


def _bodies() -> Iterator[Rule]:
    def rule(  # noqa: PLR0917  # called like a row of a table
        id_: str, aspect: str, verb: Verb, purpose: str, sentence: str, check: Callable[[Change], bool] = lambda _: True
    ) -> Rule:
        return Rule(id_, Level.ERROR, _REQUEST, Place.BODY, aspect, verb, purpose, sentence, check)

    yield rule(
        "request-body-added-required",
        "request-body",
        Verb.ADDED,
        "A request must have a body where it had none.",
        "a body is required that was not there: requests without it are refused.",
        lambda change: bool(change.facts["required"]),
    )
    yield rule(
        "request-body-removed",
        "request-body",
        Verb.REMOVED,
        "A request has no body any more.",
        "there is no body any more: what clients send is refused or ignored.",
    )
    yield rule(
        "request-body-became-required",
        "request-body-required",
        Verb.SET,
        "A request must have a body that could be left out.",
        "the body is required now: requests without one are refused.",
    )


RULES: tuple[Rule, ...] = (*_properties(), *_parameters(), *_bodies())
