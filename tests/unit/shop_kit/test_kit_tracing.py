"""Traces: where a parent is taken from, and how spans reach a collector."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanProto
from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from shop_kit import tracing
from shop_kit.otlp import OtlpHttpExporter, encode_spans
from shop_kit.tracing import parent_span, traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_valid_parent_is_taken() -> None:
    found = parent_span({"traceparent": f"00-{TRACE}-{SPAN}-01"})

    assert found is not None
    assert traceparent(found) == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"traceparent": ""},
        {"traceparent": "garbage"},
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
        {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
        {"traceparent": f"ff-{TRACE}-{SPAN}-01"},
        {"traceparent": f"00-{TRACE[:-1]}-{SPAN}-01"},
        {"traceparent": f"00-{TRACE[:-1]}g-{SPAN}-01"},
        {"traceparent": f"00-{TRACE}-{SPAN}-01-and-more"},
    ],
    ids=repr,
)
def test_without_a_valid_parent_a_new_trace_begins(given: dict[str, str]) -> None:
    assert parent_span(given) is None


def test_a_parent_is_not_taken_from_the_work_at_hand() -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("at hand"):
        assert parent_span({"traceparent": "garbage"}) is None


class Collector:
    """Takes OTLP over HTTP and answers as it is told; may close the connection after each request."""

    def __init__(self) -> None:
        self.spans: list[str] = []
        self.told: list[tuple[int, int, str]] = []
        """Kind, status and why, of each span."""
        self.requests = 0
        self.status = 200
        self.hangs_up = False
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                collector.requests += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.status == 200:
                    request = ExportTraceServiceRequest.FromString(body)
                    scopes = [scope for resource in request.resource_spans for scope in resource.scope_spans]
                    spans = [span for scope in scopes for span in scope.spans]
                    collector.spans += [span.name for span in spans]
                    collector.told += [(span.kind, span.status.code, span.status.message) for span in spans]
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if collector.hangs_up:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @contextmanager
    def serving(self) -> Iterator[str]:
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{self.server.server_port}"
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join(5)


def spans(*names: str) -> list[ReadableSpan]:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    for name in names:
        with tracer.start_as_current_span(name, kind=SpanKind.SERVER) as span:
            span.set_status(Status(StatusCode.ERROR, "why"))
    return list(kept.get_finished_spans())


def test_every_span_of_every_batch_arrives() -> None:
    collector = Collector()
    with collector.serving() as url:
        exporter = OtlpHttpExporter(url)
        results = [exporter.export(spans("a", "b", "c")), exporter.export(spans("d"))]

    assert results == [SpanExportResult.SUCCESS] * 2
    assert collector.spans == ["a", "b", "c", "d"]


def test_a_span_says_what_kind_it_is_and_why_it_failed() -> None:
    collector = Collector()
    with collector.serving() as url:
        OtlpHttpExporter(url).export(spans("a"))

    assert collector.told == [(SpanProto.SPAN_KIND_SERVER, SpanStatus.STATUS_CODE_ERROR, "why")]


def test_each_attribute_keeps_its_type_also_where_one_like_it_was_sent_before() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    given: list[str | bool | int | float | list[str]] = ["1", True, 1, 1.0, ["1"], "2", "1"]
    for value in given:
        with provider.get_tracer("test").start_as_current_span("a", attributes={"which": value}):
            pass

    (resource,) = encode_spans(kept.get_finished_spans()).resource_spans
    sent = [span.attributes[0] for scope in resource.scope_spans for span in scope.spans]

    kinds = ["string_value", "bool_value", "int_value", "double_value", "array_value", "string_value", "string_value"]
    assert [one.value.WhichOneof("value") for one in sent] == kinds
    assert [one.value.string_value for one in sent] == ["1", "", "", "", "", "2", "1"]
    assert {one.key for one in sent} == {"which"}


def test_all_that_a_span_has_waited_for_a_store_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([1.0, 1.5, 10.0, 10.25, 20.0, 22.0])
    monkeypatch.setattr(tracing, "perf_counter", lambda: next(moments))
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with provider.get_tracer("test").start_as_current_span("a"):
        for system in ("postgresql", "postgresql", "redis"):
            with tracing.waiting_for(system):
                pass

    (span,) = kept.get_finished_spans()
    assert dict(span.attributes or {}) == {"shop.waited.postgresql": 0.75, "shop.waited.redis": 2.0}


def test_no_span_is_lost_when_the_collector_has_closed_an_idle_connection() -> None:
    collector = Collector()
    collector.hangs_up = True
    with collector.serving() as url:
        exporter = OtlpHttpExporter(url)
        results = [exporter.export(spans(name)) for name in "abc"]

    assert results == [SpanExportResult.SUCCESS] * 3
    assert collector.spans == ["a", "b", "c"]


@pytest.mark.parametrize("status", [300, 400, 503])
def test_spans_that_a_collector_does_not_take_are_told_as_lost(status: int) -> None:
    collector = Collector()
    collector.status = status
    with collector.serving() as url:
        result = OtlpHttpExporter(url).export(spans("a"))

    assert (result, collector.spans) == (SpanExportResult.FAILURE, [])


def test_a_collector_that_is_away_is_told_once_and_found_again(caplog: pytest.LogCaptureFixture) -> None:
    collector = Collector()
    with collector.serving() as url:
        pass
    exporter = OtlpHttpExporter(url)

    assert [exporter.export(spans("a")) for _ in range(3)] == [SpanExportResult.FAILURE] * 3
    assert len(caplog.records) == 1
