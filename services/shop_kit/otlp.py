"""Sends spans over OTLP/HTTP with Protobuf, on one kept connection of the standard library.

Called by the SDK's batch thread, so it may block; a collector that is away costs spans, never the service.
"""

from __future__ import annotations

import http.client
import logging
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanProto
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.util.types import Attributes

_log = logging.getLogger(__name__)

REMEMBERED_ATTRIBUTES = 4096
"""Texts. Most are the same for all spans of a kind, or of an order: making them anew took half the time of a span's encoding."""


class OtlpHttpExporter(SpanExporter):
    """Exports to `<endpoint>/v1/traces`."""

    def __init__(self, endpoint: str, *, timeout_seconds: float = 2.0) -> None:
        parts = urlsplit(endpoint)
        factory = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = factory(parts.netloc, timeout=timeout_seconds)
        self._path = parts.path.rstrip("/") + "/v1/traces"
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; a failure is logged once until it works again."""
        body = encode_spans(spans).SerializeToString()
        try:
            status = self._post(body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return self._failed(str(error) or type(error).__name__)
        if status >= 300:
            return self._failed(f"HTTP {status}")
        self._is_failing = False
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the connection."""
        self._connection.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """True: nothing is held back here."""
        del timeout_millis
        return True

    def _post(self, body: bytes) -> int:
        headers = {"Content-Type": "application/x-protobuf"}
        try:
            self._connection.request("POST", self._path, body, headers)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The collector closed an idle connection: once more on a new one.
            self._connection.close()
            self._connection.request("POST", self._path, body, headers)
            response = self._connection.getresponse()
        response.read()
        return response.status

    def _failed(self, reason: str) -> SpanExportResult:
        if not self._is_failing:
            _log.warning("spans could not be exported", extra={"reason": reason, "path": self._path})
        self._is_failing = True
        return SpanExportResult.FAILURE


def encode_spans(spans: Sequence[ReadableSpan]) -> ExportTraceServiceRequest:
    """Spans of one process as an OTLP request (https://opentelemetry.io/docs/specs/otlp/)."""
    request = ExportTraceServiceRequest()
    if not spans:
        return request
    resource_spans: ResourceSpans = request.resource_spans.add()
    resource_spans.resource.attributes.extend(_attributes(spans[0].resource.attributes))
    scope: ScopeSpans = resource_spans.scope_spans.add()
    scope.scope.name = "shop_kit"
    scope.spans.extend(_encode(span) for span in spans)
    return request


def _encode(span: ReadableSpan) -> SpanProto:
    context = span.get_span_context()
    if context is None:
        raise ValueError(f"span {span.name} has no context")
    encoded = SpanProto(
        trace_id=context.trace_id.to_bytes(16, "big"),
        span_id=context.span_id.to_bytes(8, "big"),
        parent_span_id=span.parent.span_id.to_bytes(8, "big") if span.parent else b"",
        name=span.name,
        kind=SpanProto.SpanKind.ValueType(span.kind.value + 1),  # the SDK counts from 0, the protocol from 1
        start_time_unix_nano=span.start_time or 0,
        end_time_unix_nano=span.end_time or 0,
        status=Status(code=Status.StatusCode.ValueType(span.status.status_code.value), message=span.status.description or ""),
        attributes=_attributes(span.attributes),
    )
    for event in span.events:
        encoded.events.add(time_unix_nano=event.timestamp, name=event.name, attributes=_attributes(event.attributes))
    for link in span.links:
        encoded.links.add(
            trace_id=link.context.trace_id.to_bytes(16, "big"),
            span_id=link.context.span_id.to_bytes(8, "big"),
            attributes=_attributes(link.attributes),
        )
    return encoded


def _attributes(attributes: Attributes) -> list[KeyValue]:
    return [
        _text(name, value) if isinstance(value, str) else KeyValue(key=name, value=_value(value))
        for name, value in (attributes or {}).items()
    ]


@lru_cache(REMEMBERED_ATTRIBUTES)
def _text(name: str, value: str) -> KeyValue:
    return KeyValue(key=name, value=AnyValue(string_value=value))


def _value(value: object) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case list() | tuple():
            return AnyValue(array_value=ArrayValue(values=[_value(one) for one in value]))
        case _:
            return AnyValue(string_value=str(value))
