"""Errors as problem+json (RFC 9457), each with the correlation id that finds it in logs and traces."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from shop_kit import context
from shop_kit.errors import Conflict, FieldFault, Invalid, KitError, Overloaded, Refused, Transient

_log = logging.getLogger(__name__)

CLIENT_CLOSED_REQUEST = 499
"""What logs and metrics show for a caller that left before it was answered; nginx coined it."""
MEDIA_TYPE = "application/problem+json"


class Problem(KitError):
    """An answer that says what went wrong. Raise it anywhere below a route.

    `kind` is a slug that programs can test (`out-of-stock`); it becomes the problem's `type` as a relative reference.
    """

    def __init__(
        self,
        status: int,
        title: str,
        *,
        kind: str | None = None,
        detail: str | None = None,
        errors: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}" + (f": {detail}" if detail else ""))
        self.status = status
        self.title = title
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class _Body(msgspec.Struct, omit_defaults=True, rename="camel"):
    type: str
    title: str
    status: int
    instance: str
    correlation_id: str
    detail: str | None = None
    errors: tuple[FieldFault, ...] = ()


def problem_response(problem: Problem, path: str) -> Response:
    """Return the problem as a response for the request at `path` (as ASGI has it, without its percent-encoding)."""
    body = _Body(
        type=f"/problems/{problem.kind}" if problem.kind else "about:blank",
        title=problem.title,
        status=problem.status,
        instance=quote(path),
        correlation_id=context.correlation_id(),
        detail=problem.detail,
        errors=problem.errors,
    )
    return Response(msgspec.json.encode(body), problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer with the problem that was raised."""
    if not isinstance(error, Problem):
        raise error
    return problem_response(error, request.scope["path"])


async def on_transient(request: Request, error: Exception) -> Response:
    """Answer with Retry-After: 409 when others were faster, 503 when what the request needs is away or has too much to do."""
    if not isinstance(error, Transient):
        raise error
    _log.warning("a request could not be served now", extra={"subject": error.subject, "reason": error.reason})
    match error:
        case Conflict():
            status, title, kind, detail = 409, "Others were changing the same", "conflict", f"{error.subject} changed meanwhile."
        case Overloaded():
            status, title, kind, detail = 503, "The shop is busy", "overloaded", f"{error.subject} has too much to do now."
        case _:
            status, title, kind = 503, "A part of the shop is unavailable", "unavailable"
            detail = f"{error.subject} does not answer now."
    problem = Problem(status, title, kind=kind, detail=f"{detail} Nothing is lost; try again.", headers={"retry-after": "1"})
    return problem_response(problem, request.scope["path"])


async def on_invalid(request: Request, error: Exception) -> Response:
    """Answer 422: sending the same again will not help."""
    if isinstance(error, Refused):
        problem = Problem(422, error.title, kind=error.kind, detail=error.detail, errors=error.faults)
    elif isinstance(error, Invalid):
        problem = Problem(422, "The request is not valid", kind="invalid", detail=str(error))
    else:
        raise error
    return problem_response(problem, request.scope["path"])


async def on_client_gone(_request: Request, _error: Exception) -> Response:
    """Answer a client that went away while it sent its request: nobody reads it, but it is no fault of ours that is counted."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what Starlette's router refuses (404, 405) as a problem. `Allow` names the methods of all routes with this path."""
    if not isinstance(error, HTTPException):
        raise error
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != title else None
    headers = {"allow": ", ".join(_methods(request))} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
    return problem_response(Problem(error.status_code, title, detail=detail, headers=headers), request.scope["path"])


def _methods(request: Request) -> list[str]:
    """Starlette itself names those of the first route only."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    here = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in here for method in route.methods or ()})


async def on_unexpected(request: Request, _error: Exception) -> Response:
    """Answer a fault of ours: no inner detail leaves the service. Starlette raises the error again; it is logged further out."""
    problem = Problem(500, "Something went wrong on our side", kind="unexpected", detail="It was logged under the correlation id.")
    return problem_response(problem, request.scope["path"])
