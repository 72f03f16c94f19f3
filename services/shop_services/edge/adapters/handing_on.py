"""Handing requests on to the services behind the door, and their answers back to visitors."""

from __future__ import annotations

from urllib.parse import quote

from shop_kit.errors import KitError
from shop_kit.http import Problem
from shop_kit.http.access import visitor
from shop_kit.http.idempotency import key_of
from starlette.requests import Request
from starlette.responses import Response

from shop_services.edge.application.callers import NOBODY, Caller
from shop_services.edge.application.ports import Change, Effect, Service, ServiceAnswer

ANSWER_SECONDS = 5.0
"""How long a service may take, beyond what the visitor asked it to wait; its policy may give it less."""

QUERY_CHARACTERS = "!$&'()*+,;=:@/?%-._~"
"""What may stand in a query as it is: https://www.rfc-editor.org/rfc/rfc3986#section-3.4"""

PASSED_ON = ("location", "link", "retry-after", "idempotency-replayed", "content-type", "etag", "cache-control")
PASSED_IN = ("content-type", "accept", "if-match", "if-none-match")


async def relay(service: Service, request: Request) -> Response:
    """Hand a request on to the service that has the same path, and its answer back."""
    path, caller = with_query(quote(request.scope["path"]), request), caller_of(request) or NOBODY
    match request.method:
        case "GET" | "HEAD":
            answer = await service.get(path, caller=caller, seconds=ANSWER_SECONDS)
        case "POST" if "idempotency-key" in request.headers:
            answer = await service.post(path, await effect_of(request), caller=caller, seconds=ANSWER_SECONDS)
        case method:
            headers = {name: request.headers[name] for name in PASSED_IN if name in request.headers}
            change = Change(method, await request.body(), headers)
            answer = await service.change(path, change, caller=caller, seconds=ANSWER_SECONDS)
    return pass_on(answer)


def pass_on(answer: ServiceAnswer) -> Response:
    """Return a service's answer as the visitor gets it. That one fails or refuses the edge itself is not their business."""
    if answer.status in {401, 403} or answer.status >= 500:
        raise misunderstood()
    headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
    return Response(answer.body, answer.status, headers=headers)


def misunderstood() -> Problem:
    """Return what a visitor is told when a service fails, or refuses the edge itself."""
    return Problem(
        502, "A part of the shop did not understand us", kind="bad-gateway", detail="It was logged under the correlation id."
    )


async def effect_of(request: Request) -> Effect:
    """Return what the visitor sends, unread: the service behind says what is wrong with it."""
    return Effect(await request.body(), request.headers.get("content-type", ""), key_of(request))


def caller_of(request: Request) -> Caller | None:
    """Return who asks, as the gate let them in."""
    found = visitor(request)
    assert found is None or isinstance(found, Caller)  # noqa: S101  # nosec B101 # the gate admits no others
    return found


def known_caller(request: Request) -> Caller:
    found = caller_of(request)
    if found is None:
        raise KitError("this operation lets in callers who are not known")
    return found


def with_query(path: str, request: Request) -> str:
    """Return the path with the visitor's own query, which the service behind judges."""
    query = quote(request.scope["query_string"], safe=QUERY_CHARACTERS)
    return f"{path}?{query}" if query else path
