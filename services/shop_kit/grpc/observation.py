"""Around every unary call: correlation id, span, deadline, metrics, and the kit's errors in gRPC's words."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from shop_kit import context
from shop_kit.errors import Refused
from shop_kit.grpc.access import OWN
from shop_kit.grpc.details import KEY, details_of
from shop_kit.grpc.errors import status_of
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline
from shop_kit.tracing import parent_span

_log = logging.getLogger(__name__)

Handler = Callable[[Any, Any], Awaitable[Any]]


class Observed(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in its types only, not when it runs
    """Wraps unary methods. Streams pass as they are: what bounds a message does not bound a stream."""

    def __init__(self, *, tracer: Tracer, metrics: Metrics, most_seconds: float) -> None:
        self._tracer = tracer
        self._most_seconds = most_seconds
        self._seconds = metrics.histogram("shop_grpc_server_seconds", "Time to answer a call.", "method", "code")

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], call: Any) -> Any:
        """Return the handler of a call, wrapped."""
        handler = await continuation(call)
        if handler is None or handler.unary_unary is None or call.method.startswith(OWN):
            return handler

        async def observed(request: Any, caller: Any) -> Any:
            return await self._serve(call.method, handler.unary_unary, request, caller)

        return grpc.unary_unary_rpc_method_handler(observed, handler.request_deserializer, handler.response_serializer)

    async def _serve(self, method: str, handle: Handler, request: Any, caller: Any) -> Any:
        carrier = {name: value for name, value in caller.invocation_metadata() or () if isinstance(value, str)}
        parent = parent_span(carrier)
        left = caller.time_remaining()
        seconds = self._most_seconds if left is None else min(left, self._most_seconds)
        began = time.perf_counter()
        with (
            self._tracer.start_as_current_span(
                method.lstrip("/"),
                context=trace.set_span_in_context(parent) if parent else None,
                kind=SpanKind.SERVER,
                attributes={"rpc.system": "grpc", "rpc.method": method},
                record_exception=False,  # whatever a call is refused with leaves as an exception: the code says whose fault it is
                set_status_on_exception=False,
            ) as span,
            context.bind(correlation_id=carrier.get("x-correlation-id") or context.new_id()),
        ):
            code = grpc.StatusCode.OK
            try:
                async with deadline.within(seconds):
                    return await handle(request, caller)
            except grpc.aio.AbortError:
                code = grpc.StatusCode(caller.code()) if caller.code() else grpc.StatusCode.UNKNOWN
                raise
            except Exception as error:  # noqa: BLE001 - the outermost edge of a call
                code, details = status_of(error)
                if code is grpc.StatusCode.INTERNAL:
                    _log.exception("a call failed", extra={"method": method})
                    span.record_exception(error)
                await caller.abort(code, details, ((KEY, details_of(error)),) if isinstance(error, Refused) else ())
            finally:
                span.set_attribute("rpc.grpc.status_code", code.value[0])
                if code in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
                    span.set_status(Status(StatusCode.ERROR, code.name))
                self._seconds.record(time.perf_counter() - began, method, code.name)
