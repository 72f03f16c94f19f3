"""Around every request: correlation id, span, access log, metrics, and an answer to what nobody caught.

One thin ASGI layer: each of its parts alone would cost as much again in calls.
"""

from __future__ import annotations

import logging
import re
import time

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_kit import context
from shop_kit.metrics import Metrics
from shop_kit.tracing import parent_span

_log = logging.getLogger("shop_kit.access")
_QUIET = frozenset({"/health", "/ready", "/metrics"})
_CORRELATION_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class Observed:
    """Wraps an application. Probes and scrapes pass unobserved."""

    def __init__(self, app: ASGIApp, *, tracer: Tracer, metrics: Metrics) -> None:
        self._app = app
        self._tracer = tracer
        self._seconds = metrics.histogram("shop_http_server_seconds", "Time to answer a request.", "method", "route", "status")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name in _CARRIED}
        given = carrier.get("x-correlation-id", "")
        parent = parent_span(carrier)
        with (
            self._tracer.start_as_current_span(
                scope["method"],
                context=trace.set_span_in_context(parent) if parent else None,
                kind=SpanKind.SERVER,
                attributes={"http.request.method": scope["method"], "url.path": scope["path"]},
            ) as span,
            context.bind(correlation_id=given if _CORRELATION_ID.fullmatch(given) else context.new_id()),
        ):
            await self._serve(scope, receive, send, span)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, span: trace.Span) -> None:
        began = time.perf_counter()
        status = 0
        correlation = context.correlation_id().encode()

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-correlation-id", correlation)]
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        except Exception as error:  # noqa: BLE001 - the outermost edge of a request: it was answered inside and is logged here
            _log.exception("a request failed", extra={"method": scope["method"], "path": scope["path"]})
            span.record_exception(error)
        route = getattr(scope.get("route"), "path", "unmatched")
        seconds = time.perf_counter() - began
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        self._seconds.record(seconds, scope["method"], route, str(status))
        _log.info(
            "request",
            extra={
                "method": scope["method"],
                "path": scope["path"],
                "route": route,
                "status": status,
                "seconds": round(seconds, 6),
            },
        )


_CARRIED = frozenset({b"x-correlation-id", b"traceparent"})
