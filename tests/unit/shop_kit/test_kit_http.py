"""HTTP of any service: problems, limits, ids and probes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from shop_kit import context
from shop_kit.errors import Conflict, Invalid, Overloaded, Unavailable
from shop_kit.http import Anybody, GuardedRoute, Problem, json, read_body, read_query
from shop_kit.http.app import create_app, operations_app
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

pytestmark = pytest.mark.anyio
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Line(msgspec.Struct, forbid_unknown_fields=True):
    sku: str
    quantity: Annotated[int, msgspec.Meta(ge=1)]


class Basket(msgspec.Struct, forbid_unknown_fields=True):
    lines: Annotated[list[Line], msgspec.Meta(min_length=1)]
    note: str = ""


class Page(msgspec.Struct):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    behind: int | None = None
    word: str | None = None


async def basket(request: Request) -> Response:
    return json(await read_body(request, Basket), 201)


async def page(request: Request) -> Response:
    return json(read_query(request, Page))


async def sold_out(request: Request) -> Response:
    raise Problem(409, "Sold out", kind="sold-out", detail="no mugs")


async def away(request: Request) -> Response:
    raise Unavailable("postgresql", "connection refused to 10.0.0.1")


async def busy(request: Request) -> Response:
    raise Overloaded("payments", "512 calls are under way already")


async def contended(request: Request) -> Response:
    raise Conflict("the stock", "overtaken")


async def senseless(request: Request) -> Response:
    raise Invalid("no such currency: XXY")


async def broken(request: Request) -> Response:
    raise RuntimeError("the secret inside")


async def slow(request: Request) -> Response:
    await asyncio.sleep(3600)
    return Response()


async def whose(request: Request) -> Response:
    return json({"correlation": context.correlation_id()})


class Service:
    """An application in process, its spans, and whether what it needs is there."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.spans))
        self.needs_are_there = True
        names = {"page": page, "sold-out": sold_out, "away": away, "broken": broken, "slow": slow, "whose": whose}
        names |= {"busy": busy, "contended": contended, "senseless": senseless}
        public = Anybody("a test")
        routes = [GuardedRoute("/v1/baskets", basket, methods=["POST"], access=public)]
        routes += [GuardedRoute(f"/v1/{name}", call, access=public) for name, call in names.items()]
        routes.append(GuardedRoute("/v1/page", page, methods=["DELETE"], access=public))
        app = create_app(
            routes,
            readiness={"store": self._check},
            tracer=provider.get_tracer("test"),
            metrics=Metrics(),
            max_body_bytes=1_000,
            timeout_seconds=0.2,
        )
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")

    async def _check(self) -> None:
        if not self.needs_are_there:
            raise Unavailable("store", "refused")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    found = Service()
    async with found.http:
        yield found


async def test_a_body_with_many_faults_is_answered_with_all_of_them(service: Service) -> None:
    body = {"lines": [{"sku": 1, "quantity": 0}, {"quantity": "x", "colour": "red"}], "note": None}

    answer = await service.http.post("/v1/baskets", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [fault["field"] for fault in answer.json()["errors"]] == [
        "$.lines[0].sku",
        "$.lines[0].quantity",
        "$.lines[1].sku",
        "$.lines[1].quantity",
        "$.lines[1].colour",
        "$.note",
    ]


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[1] and more", "application/json", 400),
        (b'{"lines": 1, \xff', "application/json", 400),
        (b"[" * 900, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json", 422),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(service: Service, content: bytes, media_type: str, status: int) -> None:
    answer = await service.http.post("/v1/baskets", content=content, headers={"content-type": media_type})

    assert answer.status_code == status
    assert answer.json()["correlationId"] == answer.headers["x-correlation-id"]


async def test_a_body_beyond_the_limit_is_refused_also_when_it_does_not_say_so(service: Service) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    told = await service.http.post("/v1/baskets", content=b"x" * 2_000, headers={"content-type": "application/json"})
    untold = await service.http.post("/v1/baskets", content=chunks(), headers={"content-type": "application/json"})

    assert (told.status_code, untold.status_code) == (413, 413)


@pytest.mark.parametrize("number", ["2", "2.0", "2e0"])
async def test_a_whole_number_may_be_written_as_json_allows(service: Service, number: str) -> None:
    content = f'{{"lines": [{{"sku": "a", "quantity": {number}}}]}}'

    answer = await service.http.post("/v1/baskets", content=content, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["lines"]) == (201, [{"sku": "a", "quantity": 2}])


async def test_a_parameter_that_comes_twice_is_refused(service: Service) -> None:
    answer = await service.http.get("/v1/page?limit=1&limit=2")

    assert (answer.status_code, answer.json()["errors"]) == (400, [{"field": "limit", "message": "is there more than once"}])


async def test_a_problem_names_any_path_as_a_uri_reference(service: Service) -> None:
    answer = await service.http.get("/v1/no%20such%C2%84%3F%0A")

    assert (answer.status_code, answer.json()["instance"]) == (404, "/v1/no%20such%C2%84%3F%0A")


async def test_a_method_that_is_not_there_is_answered_with_those_that_are(service: Service) -> None:
    answer = await service.http.patch("/v1/page")

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD")


async def test_a_path_with_a_slash_too_many_is_another_path(service: Service) -> None:
    answer = await service.http.get("/v1/page/")

    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
    assert "detail" not in answer.json(), "it would only say the title again"


async def test_a_deadline_of_absurd_length_is_no_deadline(service: Service) -> None:
    assert (await service.http.get("/v1/page", headers={deadline.HEADER: "9" * 5000})).status_code == 200


async def test_unknown_and_wrong_parameters_are_refused(service: Service) -> None:
    assert (await service.http.get("/v1/page?limit=7")).json()["limit"] == 7
    assert [fault["field"] for fault in (await service.http.get("/v1/page?limit=0")).json()["errors"]] == ["limit"]
    assert [fault["field"] for fault in (await service.http.get("/v1/page?limt=7")).json()["errors"]] == ["limt"]


@pytest.mark.parametrize("text", ["null", "NULL"])
async def test_a_number_that_may_be_left_out_is_not_the_text_null(service: Service, text: str) -> None:
    answer = await service.http.get(f"/v1/page?behind={text}")

    assert (answer.status_code, [fault["field"] for fault in answer.json()["errors"]]) == (400, ["behind"])
    assert (await service.http.get(f"/v1/page?word={text}")).json()["word"] == text


async def test_a_problem_carries_what_finds_it(service: Service) -> None:
    answer = await service.http.get("/v1/sold-out", headers={"x-correlation-id": "c-1"})

    assert answer.json() == {
        "type": "/problems/sold-out",
        "title": "Sold out",
        "status": 409,
        "instance": "/v1/sold-out",
        "correlationId": "c-1",
        "detail": "no mugs",
    }


@pytest.mark.parametrize(("path", "status"), [("/v1/away", 503), ("/v1/broken", 500), ("/v1/slow", 504), ("/v1/nothing", 404)])
async def test_what_goes_wrong_inside_stays_inside(service: Service, path: str, status: int) -> None:
    answer = await service.http.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "10.0.0.1" not in answer.text


async def test_a_callers_deadline_cuts_the_work_short(service: Service) -> None:
    answer = await service.http.get("/v1/slow", headers={"x-deadline-ms": "10"})

    assert answer.status_code == 504


async def test_a_correlation_id_that_is_no_id_is_replaced(service: Service) -> None:
    answer = await service.http.get("/v1/whose", headers={"x-correlation-id": 'x"} {"level": "forged'})

    assert answer.json()["correlation"] == answer.headers["x-correlation-id"]
    assert "forged" not in answer.text


async def test_a_span_joins_the_callers_trace_and_names_the_route(service: Service) -> None:
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"

    await service.http.get("/v1/whose", headers={"traceparent": parent, "x-correlation-id": "c-1"})

    (span,) = service.spans.get_finished_spans()
    assert span.context is not None
    assert span.context.trace_id == int(TRACE, 16)
    assert span.name == "GET /v1/whose"
    assert span.attributes is not None
    assert span.attributes["shop.correlation_id"] == "c-1"


async def test_ready_follows_the_checks_and_health_does_not(service: Service) -> None:
    assert (await service.http.get("/ready")).json() == {"status": "ready", "checks": {"store": "up"}}

    service.needs_are_there = False

    ready = await service.http.get("/ready")
    assert (ready.status_code, ready.json()["checks"]) == (503, {"store": "refused"})
    assert (await service.http.get("/health")).status_code == 200


async def test_what_is_public_tells_neither_reasons_nor_metrics_and_operations_tell_both() -> None:
    async def broken() -> None:
        raise Unavailable("store", "password rejected")

    metrics = Metrics()
    public = create_app([], readiness={"store": broken}, tracer=trace.get_tracer("test"), metrics=metrics, is_public=True)
    operations = operations_app(readiness={"store": broken}, metrics=metrics)
    outside = httpx.AsyncClient(transport=httpx.ASGITransport(public), base_url="http://public")
    inside = httpx.AsyncClient(transport=httpx.ASGITransport(operations), base_url="http://operations")

    ready = await outside.get("/ready")
    assert (ready.status_code, ready.json()) == (503, {"status": "not-ready", "checks": {}})
    assert (await outside.get("/metrics")).status_code == 404
    assert (await inside.get("/ready")).json()["checks"] == {"store": "password rejected"}
    assert (await inside.get("/metrics")).status_code == 200


async def test_metrics_count_requests_by_route_and_status(service: Service) -> None:
    await service.http.get("/v1/whose")
    await service.http.get("/v1/sold-out")

    text = (await service.http.get("/metrics")).text

    assert 'shop_http_server_seconds_count{method="GET",route="/v1/whose",status="200"} 1' in text
    assert 'shop_http_server_seconds_count{method="GET",route="/v1/sold-out",status="409"} 1' in text


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/v1/away", 503, "unavailable"),
        ("/v1/busy", 503, "overloaded"),
        ("/v1/contended", 409, "conflict"),
        ("/v1/senseless", 422, "invalid"),
    ],
)
async def test_errors_of_the_kit_are_answered_in_the_words_of_http(service: Service, path: str, status: int, kind: str) -> None:
    answer = await service.http.get(path)

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, kind)
    assert ("retry-after" in answer.headers) == (kind != "invalid")


async def test_a_span_says_which_route_was_asked_and_what_it_answered(service: Service) -> None:
    await service.http.get("/v1/sold-out")
    await service.http.get("/v1/away")

    found = [(span.name, dict(span.attributes or {}), span.status.is_ok) for span in service.spans.get_finished_spans()]
    assert [(name, attributes["http.response.status_code"], is_ok) for name, attributes, is_ok in found] == [
        ("GET /v1/sold-out", 409, True),
        ("GET /v1/away", 503, False),
    ]
    assert [attributes["http.route"] for _name, attributes, _is_ok in found] == ["/v1/sold-out", "/v1/away"]


async def test_a_client_who_goes_away_while_it_sends_is_no_fault_of_the_service() -> None:
    metrics = Metrics()
    tracer = TracerProvider().get_tracer("test")
    app = create_app(
        [GuardedRoute("/baskets", basket, methods=["POST"], access=Anybody("it is a test"))],
        readiness={},
        metrics=metrics,
        tracer=tracer,
    )

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def nobody_listens(_message: Message) -> None:
        return None

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/baskets", "headers": headers, "query_string": b""}
    await app(scope, gone, nobody_listens)

    assert 'shop_http_server_seconds_count{method="POST",route="/baskets",status="499"} 1.0' in metrics.render()
