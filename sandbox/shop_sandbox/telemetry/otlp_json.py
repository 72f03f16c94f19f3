"""OTLP's JSON as OTLP's protobuf: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.

Exporters of some languages send it by default, and a program without any library can write it. It is protobuf's own JSON, but for
ids, which are in hexadecimal where protobuf has base64, and for enums, which are numbers.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


def protobuf_of(body: bytes) -> bytes:
    """Return the same export request in protobuf. Raises DecodeError for what is none."""
    try:
        document = json.loads(body)
        if not isinstance(document, dict):
            raise DecodeError("it is no JSON object")
        return ParseDict(_with_base64_ids(document), ExportTraceServiceRequest(), ignore_unknown_fields=True).SerializeToString()
    except (ValueError, ParseError, TypeError, AttributeError, RecursionError) as error:
        raise DecodeError(str(error) or type(error).__name__) from error


def _with_base64_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(inner)).decode() if key in _IDS and isinstance(inner, str) else _with_base64_ids(inner)
        for key, inner in value.items()
    }
