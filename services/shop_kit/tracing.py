"""Traces: OpenTelemetry's SDK with W3C propagation, exported in batches from a thread of its own.

The contrib instrumentations and the contrib exporter are left out: they cost several times the CPU of the few lines here (see
docs/adr/0002-services-stack.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags

from shop_kit.otlp import OtlpHttpExporter


def tracer_provider(service: str, exporter: SpanExporter | None) -> TracerProvider:
    """Return a provider whose spans carry `service` as their service.name; without an exporter spans only propagate."""
    provider = TracerProvider(resource=Resource({"service.name": service}), shutdown_on_exit=False)
    if exporter is not None:
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=8192, schedule_delay_millis=500, max_export_batch_size=1024)
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


def traceparent(span: Span | None = None) -> str | None:
    """Return the W3C traceparent of `span` (or of the current one), or None outside of any trace."""
    found = (span or trace.get_current_span()).get_span_context()
    if not found.is_valid:
        return None
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{int(found.trace_flags):02x}"


def parent_span(carrier: Mapping[str, str]) -> Span | None:
    """The remote span named by the carrier's `traceparent`, or None where it is missing or malformed (then a new trace begins)."""
    parts = carrier.get("traceparent", "").split("-")
    # https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags; more only in later versions.
    if len(parts) < 4 or len(parts[0]) != 2 or len(parts[1]) != 32 or len(parts[2]) != 16 or len(parts[3]) != 2:
        return None
    try:
        found = SpanContext(int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=TraceFlags(int(parts[3], 16) & 1))
    except ValueError:
        return None
    return NonRecordingSpan(found) if found.is_valid and parts[0] != "ff" else None
