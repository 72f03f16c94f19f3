"""From an exporter's request to the tree of a request: over HTTP in, through SQLite, by trace, order or correlation id out."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.telemetry.collector import collector
from shop_sandbox.telemetry.read import SpanNode, span_tree
from shop_sandbox.telemetry.spans import rows_of
from shop_sandbox.telemetry.store import SpanStore
from starlette.testclient import TestClient

KEYS = frozenset({"order_id", "correlation_id"})
TRACE = "0af7651916cd43dd8448eb211c80319c"
PROTOBUF = {"content-type": "application/x-protobuf"}


def span(number: int, name: str, *, parent: int | None = None, trace: str = TRACE, **attributes: str) -> Span:
    return Span(
        trace_id=bytes.fromhex(trace),
        span_id=number.to_bytes(8, "big"),
        parent_span_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name=name,
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=1_700_000_000_000_000_000 + number * 1_000_000,
        end_time_unix_nano=1_700_000_000_000_000_000 + number * 1_000_000 + 5_000_000,
        attributes=[KeyValue(key=f"shop.{key}", value=AnyValue(string_value=value)) for key, value in attributes.items()],
        status=Status(code=Status.STATUS_CODE_ERROR, message="declined") if name == "declined" else None,
    )


def request(service: str, *spans: Span) -> bytes:
    resource = Resource(attributes=[KeyValue(key="service.name", value=AnyValue(string_value=service))])
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    ).SerializeToString()


def shape(node: SpanNode) -> tuple[str, str, list[object]]:
    return node.service, node.name, [shape(child) for child in node.children]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.sqlite"


def test_spans_of_several_services_become_one_tree(database: Path) -> None:
    with TestClient(collector(SpanStore(database), KEYS)) as client:
        answers = [
            client.post(
                "/v1/traces", content=request("orders", span(2, "place", parent=1), span(3, "reserve", parent=2)), headers=PROTOBUF
            ),
            client.post("/v1/traces", content=request("edge", span(1, "POST /v1/orders")), headers=PROTOBUF),
        ]

    assert [answer.status_code for answer in answers] == [200, 200]
    (root,) = span_tree(database, TRACE).roots
    assert shape(root) == ("edge", "POST /v1/orders", [("orders", "place", [("orders", "reserve", [])])])
    assert root.seconds == pytest.approx(0.005)
    assert root.kind == "server"


def test_spans_come_in_json_as_well(database: Path) -> None:
    one = {
        "traceId": TRACE,
        "spanId": "00f067aa0ba902b7",
        "name": "GET /v1/greetings",
        "kind": 2,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": 1700000000005000000,
        "attributes": [{"key": "greeter.order_id", "value": {"stringValue": "o-7"}}, {"key": "n", "value": {"intValue": "3"}}],
        "status": {"code": 2, "message": "declined"},
        "aFieldOfTomorrow": 1,
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "greeter"}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [one]}]}]}
    with TestClient(collector(SpanStore(database), KEYS)) as client:
        answer = client.post("/v1/traces", json=body)

    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "application/json", "{}")
    (root,) = span_tree(database, "o-7").roots
    assert (root.service, root.name, root.kind, root.status_message) == ("greeter", "GET /v1/greetings", "server", "declined")
    assert (root.span_id, root.attributes["n"]) == ("00f067aa0ba902b7", 3)
    assert root.seconds == pytest.approx(0.005)


def test_a_trace_is_found_by_order_and_correlation_id(database: Path) -> None:
    with TestClient(collector(SpanStore(database), KEYS)) as client:
        body = request("edge", span(1, "POST", order_id="ord_1", correlation_id="c-1"))
        client.post("/v1/traces", content=gzip.compress(body), headers=PROTOBUF | {"content-encoding": "gzip"})
        later = request("edge", span(9, "GET", trace="ff" * 16, order_id="ord_1"))
        client.post("/v1/traces", content=later, headers=PROTOBUF)

    found = span_tree(database, "ord_1")
    assert found.trace_id == TRACE
    assert found.other_trace_ids == ("ff" * 16,)
    assert span_tree(database, "c-1").trace_id == TRACE
    assert span_tree(database, TRACE.upper()).trace_id == TRACE


def test_a_span_whose_parent_is_missing_stands_at_the_top(database: Path) -> None:
    store = SpanStore(database)
    store.add(*rows_of(request("orders", span(2, "place", parent=1), span(4, "declined")), KEYS))

    roots = span_tree(database, TRACE).roots

    assert [root.name for root in roots] == ["place", "declined"]
    assert (roots[1].status, roots[1].status_message) == ("error", "declined")


def test_a_span_sent_twice_is_kept_once(database: Path) -> None:
    store = SpanStore(database)
    for _ in range(2):
        store.add(*rows_of(request("orders", span(1, "place", order_id="o")), KEYS))

    assert len(span_tree(database, "o").roots) == 1


def test_what_nobody_mentioned_is_not_found(database: Path) -> None:
    with pytest.raises(SandboxError) as missing_file:
        span_tree(database, "ord_1")
    SpanStore(database).close()
    with pytest.raises(SandboxError) as missing_trace:
        span_tree(database, "ord_1")

    assert {missing_file.value.code, missing_trace.value.code} == {ErrorCode.TRACE_NOT_FOUND}


def test_the_oldest_spans_go_beyond_the_cap(database: Path) -> None:
    store = SpanStore(database, most_spans=3)
    for number in range(1, 6):
        store.add(*rows_of(request("orders", span(number, "place", trace=f"{number:032x}", order_id=f"o-{number}")), KEYS))

    store.prune(now=1_700_000_001.0)

    kept = [number for number in range(1, 6) if _is_there(database, f"o-{number}")]
    assert kept == [3, 4, 5]


def test_spans_beyond_the_age_go(database: Path) -> None:
    store = SpanStore(database, oldest_seconds=60)
    store.add(*rows_of(request("orders", span(1, "place", order_id="o-1")), KEYS))

    store.prune(now=1_700_000_030.0)
    young = _is_there(database, "o-1")
    store.prune(now=1_700_000_100.0)

    assert (young, _is_there(database, "o-1")) == (True, False)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"\xff\xff", PROTOBUF, 400),
        (b"{", {"content-type": "application/json"}, 400),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "no hex"}]}]}]}', {"content-type": "application/json"}, 400),
        (b"[]", {"content-type": "application/json"}, 400),
        (b"<x/>", {"content-type": "text/xml"}, 415),
        (b"no gzip", PROTOBUF | {"content-encoding": "gzip"}, 400),
        (b"x", PROTOBUF | {"content-encoding": "br"}, 415),
        (gzip.compress(b"\0" * (17 * 1024 * 1024)), PROTOBUF | {"content-encoding": "gzip"}, 413),
    ],
)
def test_what_is_no_export_request_is_refused_with_the_reason(
    database: Path, content: bytes, headers: dict[str, str], status: int
) -> None:
    with TestClient(collector(SpanStore(database), KEYS)) as client:
        answer = client.post("/v1/traces", content=content, headers=headers)

    assert answer.status_code == status
    assert answer.text


@pytest.mark.parametrize("signal", ["logs", "metrics"])
def test_logs_and_metrics_are_answered_so_that_no_exporter_complains(database: Path, signal: str) -> None:
    with TestClient(collector(SpanStore(database), KEYS)) as client:
        assert client.post(f"/v1/{signal}", content=b"", headers=PROTOBUF).status_code == 200


def test_attributes_keep_their_types(database: Path) -> None:
    one = span(1, "place")
    one.attributes.extend(
        [
            KeyValue(key="n", value=AnyValue(int_value=3)),
            KeyValue(key="f", value=AnyValue(double_value=0.5)),
            KeyValue(key="b", value=AnyValue(bool_value=False)),
            KeyValue(key="l", value=AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="x")]))),
        ]
    )
    SpanStore(database).add(*rows_of(request("orders", one), KEYS))

    (root,) = span_tree(database, TRACE).roots

    assert root.attributes == {"n": 3, "f": 0.5, "b": False, "l": ["x"]}


def _is_there(database: Path, key: str) -> bool:
    try:
        span_tree(database, key)
    except SandboxError:
        return False
    return True
