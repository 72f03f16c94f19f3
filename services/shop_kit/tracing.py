"""Traces: OpenTelemetry's SDK with W3C propagation, exported in batches from a thread of its own.

The contrib instrumentations and the contrib exporter are left out: they cost several times the CPU of the few lines here (see
docs/adr/0002-services-stack.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shop_kit.otlp import OtlpHttpExporter

_PROPAGATOR = TraceContextTextMapPropagator()


def tracer_provider(service: str, exporter: SpanExporter | None) -> TracerProvider:
    """Return a provider whose spans carry `service` as their service.name; without an exporter spans only propagate."""
    provider = TracerProvider(resource=Resource({"service.name": service}), shutdown_on_exit=False)
    if exporter is not None:
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=8192, schedule_delay_millis=1_000, max_export_batch_size=1024)
        )
    return provider


def otlp_exporter(endpoint: str | None) -> OtlpHttpExporter | None:
    """Return an exporter to `<endpoint>/v1/traces`, or None when there is no endpoint."""
    return OtlpHttpExporter(endpoint) if endpoint else None


def mark_step(stage: str, *, outcome: str | None = None) -> None:
    """Write on the current span how far the work is after this step, and, when it has ended, what became of it in words.

    `shop-dev trace` shows both: `compensating` marks what set off the way back, `outcome` ends the trace.
    """
    span = trace.get_current_span()
    span.set_attribute("shop.stage", stage)
    if outcome is not None:
        span.set_attribute("shop.outcome", outcome)


@contextmanager
def waiting_for(system: str) -> Iterator[None]:
    """Add the time of the block to what the current span has waited for a store: `shop.waited.<system>`, in seconds.

    A span for each statement would cost twenty times as much.
    """
    began = perf_counter()
    try:
        yield
    finally:
        span = trace.get_current_span()
        if isinstance(span, ReadableSpan) and isinstance(span, Span) and span.is_recording():
            name = f"shop.waited.{system}"
            before = (span.attributes or {}).get(name, 0.0)
            span.set_attribute(name, (before if isinstance(before, float) else 0.0) + perf_counter() - began)


def traceparent(span: Span | None = None) -> str | None:
    """Return the W3C traceparent of `span` (or of the current one), or None outside of any trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span) if span else None)
    return carrier.get("traceparent")


def parent_span(carrier: Mapping[str, str]) -> Span | None:
    """The remote span named by the carrier's `traceparent`, or None where it is missing or malformed (then a new trace begins)."""
    if "traceparent" not in carrier:
        return None
    found = trace.get_current_span(_PROPAGATOR.extract(carrier, Context()))
    return found if found.get_span_context().is_valid else None
