"""From OTLP's protobuf to rows, as https://opentelemetry.io/docs/specs/otlp/ describes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from shop_sandbox.telemetry.store import KeyRow, SpanRow

_KINDS = {0: "internal", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUSES = {0: "unset", 1: "ok", 2: "error"}


def rows_of(body: bytes, keys: frozenset[str]) -> tuple[list[SpanRow], list[KeyRow]]:
    """Read an export request. Traces can be found by attributes that end in one of `keys` (`order_id` for `shop.order_id`).

    Raises google.protobuf.message.DecodeError for anything else.
    """
    request = ExportTraceServiceRequest.FromString(body)
    spans: list[SpanRow] = []
    found: set[KeyRow] = set()
    for of_resource in request.resource_spans:
        service = str(_attributes(of_resource.resource.attributes).get("service.name", "unknown"))
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                attributes = _attributes(span.attributes)
                spans.append(_row(span, service, attributes))
                found.update(_keys(spans[-1].trace_id, attributes, keys))
    return spans, sorted(found)


def _row(span: Span, service: str, attributes: dict[str, Any]) -> SpanRow:
    return SpanRow(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        service=service,
        name=span.name,
        kind=_KINDS.get(span.kind, "internal"),
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        status=_STATUSES.get(span.status.code, "unset"),
        status_message=span.status.message,
        attributes=_json(attributes),
        events=_json(
            [
                {"name": event.name, "at": event.time_unix_nano / 1e9, "attributes": _attributes(event.attributes)}
                for event in span.events
            ]
        ),
    )


def _keys(trace_id: str, attributes: dict[str, Any], keys: frozenset[str]) -> Iterator[KeyRow]:
    for name, value in attributes.items():
        if value and name.rpartition(".")[2] in keys:
            yield KeyRow(str(value), trace_id)


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
