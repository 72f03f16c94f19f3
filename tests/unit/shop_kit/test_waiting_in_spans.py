"""A span says how long it has waited for each store."""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from shop_kit.tracing import waiting_for


def test_waiting_adds_up_by_store_on_the_current_span_and_costs_nothing_outside() -> None:
    exported = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    with waiting_for("redis"):
        pass
    with provider.get_tracer("t").start_as_current_span("work"):
        with waiting_for("redis"):
            pass
        with waiting_for("postgresql"):
            pass
        with waiting_for("redis"):
            pass

    (span,) = exported.get_finished_spans()
    found = dict(span.attributes or {})
    assert set(found) == {"shop.waited.redis", "shop.waited.postgresql"}
    assert all(isinstance(seconds, float) and seconds > 0 for seconds in found.values())
