"""Operations, the media types and statuses they speak in, and what leads to them: addresses, callbacks, webhooks and links."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.openapi_diff.changes import Direction, Place, Verb
from shop_contracts.openapi_diff.rules.rule import REFUSED, SURPRISED, Level, Rule

_REQUEST, _RESPONSE = Direction.REQUEST, Direction.RESPONSE


def _media_types() -> Iterator[Rule]:
    def rule(  # noqa: PLR0917  # called like a row of a table
        id_: str, direction: Direction, aspect: str, verb: Verb, purpose: str, sentence: str, **more: object
    ) -> Rule:
        check = more.get("check")
        return Rule(
            id_,
            Level.WARNING if more.get("warning") else Level.ERROR,
            direction,
            Place.MEDIA_TYPE,
            aspect,
            verb,
            purpose,
            sentence,
            check if callable(check) else lambda _: True,
            own=bool(more.get("own")),
        )

    gone = "the media type {subject} is gone: "
    yield rule(
        "request-body-media-type-removed",
        _REQUEST,
        "media-type",
        Verb.REMOVED,
        "A media type of request bodies is gone.",
        f"{gone}{REFUSED}.",
    )
    yield rule(
        "response-media-type-removed",
        _RESPONSE,
        "media-type",
        Verb.REMOVED,
        "A media type of responses is gone.",
        f"{gone}clients that read it only are left without an answer.",
    )
    became = "{before} became {after}: "
    yield rule(
        "response-media-type-name-generalized",
        _RESPONSE,
        "media-type-name",
        Verb.INCREASED,
        "The media type of a response became a more general one.",
        f"{became}{SURPRISED}.",
    )
    yield rule(
        "request-body-media-type-name-specialized",
        _REQUEST,
        "media-type-name",
        Verb.DECREASED,
        "The media type of a request became a more special one.",
        f"{became}{REFUSED}.",
        own=True,
    )
    for verb, done in ((Verb.CHANGED, "changed"), (Verb.REMOVED, "is gone")):
        yield rule(
            f"response-media-type-parameter-{verb}",
            _RESPONSE,
            "media-type-parameter",
            verb,
            f"A parameter of the media type of a response {done}.",
            f"{became}{SURPRISED}.",
        )
    for name, keyword in (("schema", "schema"), ("item-schema", "itemSchema")):
        yield rule(
            f"request-body-media-type-{name}-added",
            _REQUEST,
            f"media-type-{name}",
            Verb.ADDED,
            f"A body of which nothing was said has a `{keyword}`.",
            f"`{keyword}` is new where anything was taken: {REFUSED}.",
        )
        yield rule(
            f"response-body-media-type-{name}-removed",
            _RESPONSE,
            f"media-type-{name}",
            Verb.REMOVED,
            f"`{keyword}` of a response is gone.",
            f"`{keyword}` is gone: {SURPRISED}.",
            check=lambda change: change.aspect == "media-type-schema" or not change.facts["untyped"],
        )
    yield rule(
        "response-body-media-type-item-schema-removed-untyped",
        _RESPONSE,
        "media-type-item-schema",
        Verb.REMOVED,
        "`itemSchema` of a response is gone, and nothing else describes the body.",
        f"`itemSchema` is gone and no `schema` stands in for it: {SURPRISED}.",
        check=lambda change: bool(change.facts["untyped"]),
    )


def _responses() -> Iterator[Rule]:
    yield Rule(
        "response-success-status-removed",
        Level.ERROR,
        _RESPONSE,
        Place.BODY,
        "status",
        Verb.REMOVED,
        "A status that says success is gone.",
        "the status {subject} is gone: clients that wait for it take success for failure.",
        lambda change: bool(change.facts["success"]),
    )
    yield Rule(
        "required-response-header-removed",
        Level.ERROR,
        _RESPONSE,
        Place.HEADER,
        "header",
        Verb.REMOVED,
        "A response header that was always there is gone.",
        "the header {subject} was always there and is gone: clients that read it break.",
        lambda change: bool(change.facts["required"]),
    )
    yield Rule(
        "response-header-became-optional",
        Level.ERROR,
        _RESPONSE,
        Place.HEADER,
        "header-required",
        Verb.UNSET,
        "A response header that was always there may be missing.",
        "the header {subject} may be missing: clients that count on it break.",
    )


_WEBHOOK = Rule(
    "webhook-removed",
    Level.ERROR,
    Direction.NONE,
    Place.DOCUMENT,
    "webhook",
    Verb.REMOVED,
    "A webhook is gone.",
    "the webhook {subject} is gone: who waits for its calls gets none.",
)

_OTHERS = (
    Rule(
        "callback-removed",
        Level.ERROR,
        Direction.NONE,
        Place.OPERATION,
        "callback",
        Verb.REMOVED,
        "A callback is gone.",
        "the callback {subject} is gone: who waits for its calls gets none.",
        own=True,
    ),
    Rule(
        "server-removed",
        Level.ERROR,
        Direction.NONE,
        Place.DOCUMENT,
        "server",
        Verb.REMOVED,
        "An address of the API is gone while others are named.",
        "the address {subject} is gone: clients that call it reach nobody.",
        own=True,
    ),
    Rule(
        "servers-replaced",
        Level.WARNING,
        Direction.NONE,
        Place.DOCUMENT,
        "server",
        Verb.CHANGED,
        "None of the addresses of the API is named any more, others are.",
        "the addresses {before} became {after}: clients that call the old ones may reach nobody.",
        own=True,
    ),
    Rule(
        "response-header-form-changed",
        Level.ERROR,
        Direction.RESPONSE,
        Place.HEADER,
        "header-form",
        Verb.CHANGED,
        "A header of an answer is written in a media type, or no longer is.",
        "the header {subject} is written differently ({before} became {after}): clients misread it.",
        own=True,
    ),
    Rule(
        "response-link-changed",
        Level.WARNING,
        Direction.RESPONSE,
        Place.BODY,
        "link",
        Verb.CHANGED,
        "A link from an answer leads to another call, or with other values.",
        "the link {subject} is another ({before} became {after}): clients that follow it do something else.",
        own=True,
    ),
    Rule(
        "response-link-removed",
        Level.WARNING,
        Direction.RESPONSE,
        Place.BODY,
        "link",
        Verb.REMOVED,
        "A link from an answer to the next call is gone.",
        "the link {subject} is gone: clients that follow it stand still.",
        own=True,
    ),
    *(
        Rule(
            f"{direction}-encoding-changed",
            Level.ERROR,
            direction,
            Place.MEDIA_TYPE,
            "encoding",
            Verb.CHANGED,
            f"A part of a {direction} is written differently: its media type or style.",
            "the part {subject} is written differently ({before} became {after}): what is written the old way is misread.",
            own=True,
        )
        for direction in (_REQUEST, _RESPONSE)
    ),
)

RULES: tuple[Rule, ...] = (*_OTHERS, *_media_types(), *_responses(), _WEBHOOK)
