"""Puts a service's routes into an application with everything around them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from opentelemetry.trace import Tracer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from shop_kit.auth import NotAllowed, NotAuthenticated, TokenVerifier
from shop_kit.errors import Invalid, Transient
from shop_kit.http.access import GuardedRoute, Unguarded, on_not_allowed, on_not_authenticated
from shop_kit.http.bodies import json
from shop_kit.http.limits import Limited
from shop_kit.http.observation import Observed
from shop_kit.http.problems import Problem, on_client_gone, on_http_exception, on_invalid, on_problem, on_transient, on_unexpected
from shop_kit.metrics import Metrics

Check = Callable[[], Awaitable[None]]
"""Returns when a dependency works; raises Transient."""

CHECK_SECONDS = 1.8


def create_app(
    routes: Sequence[BaseRoute],
    *,
    readiness: Mapping[str, Check],
    tracer: Tracer,
    metrics: Metrics,
    tokens: TokenVerifier | None = None,
    max_body_bytes: int = 1_048_576,
    timeout_seconds: float = 30.0,
    is_public: bool = False,
) -> ASGIApp:
    """Return an application with `routes` and /health (the process lives), /ready (each check passes) and /metrics.

    One that `is_public` keeps to itself why it is not ready, and what its metrics are: `operations_app` shows both elsewhere.
    `tokens` is what the scopes of routes are checked with. Raises Unguarded for a route that does not say who may use it.
    """
    for route in routes:
        if not isinstance(route, GuardedRoute):
            raise Unguarded(getattr(route, "path", repr(route)))
    app = Starlette(
        routes=[
            *routes,
            Route("/health", _health),
            Route("/ready", _ready_route(readiness, shows_reasons=not is_public)),
            *([] if is_public else [Route("/metrics", _metrics_route(metrics))]),
        ],
        exception_handlers={
            Problem: on_problem,
            NotAuthenticated: on_not_authenticated,
            NotAllowed: on_not_allowed,
            Transient: on_transient,
            Invalid: on_invalid,
            ClientDisconnect: on_client_gone,
            HTTPException: on_http_exception,
            Exception: on_unexpected,
        },
    )
    app.state.tokens = tokens
    app.router.redirect_slashes = False  # a path with a slash too many is another path, in no contract
    return Observed(Limited(app, max_body_bytes=max_body_bytes, timeout_seconds=timeout_seconds), tracer=tracer, metrics=metrics)


def operations_app(*, readiness: Mapping[str, Check], metrics: Metrics) -> ASGIApp:
    """Return an application for those who run the service, with /health, /ready and its reasons, and /metrics."""
    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/ready", _ready_route(readiness, shows_reasons=True)),
            Route("/metrics", _metrics_route(metrics)),
        ]
    )


async def _health(_request: Request) -> Response:
    return json({"status": "up"})


def _ready_route(readiness: Mapping[str, Check], *, shows_reasons: bool) -> Callable[[Request], Awaitable[Response]]:
    async def ready(_request: Request) -> Response:
        reasons = await asyncio.gather(*(_reason(check) for check in readiness.values()))
        found = {name: reason or "up" for name, reason in zip(readiness, reasons, strict=True)}
        is_ready = not any(reasons)
        shown = found if shows_reasons else {}
        return json({"status": "ready" if is_ready else "not-ready", "checks": shown}, 200 if is_ready else 503)

    return ready


async def _reason(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Transient as error:
        return error.reason
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS} s"
    return None


def _metrics_route(metrics: Metrics) -> Callable[[Request], Awaitable[Response]]:
    async def show(_request: Request) -> Response:
        return PlainTextResponse(metrics.render(), media_type="text/plain; version=0.0.4")

    return show
