"""Routes from an OpenAPI document: what it does not open to somebody is not served."""

from __future__ import annotations

import httpx
import pytest
from opentelemetry import trace
from shop_kit.http import Anybody
from shop_kit.http.app import create_app
from shop_kit.http.contract import ContractNotKept, Operation, Way, operations, routes
from shop_kit.metrics import Metrics
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

pytestmark = pytest.mark.anyio

DOCUMENT = """
paths:
  /v1/letters/{letterId}:
    get: {operationId: getLetter, security: [{}, {reader: [letters:read]}]}
    delete: {operationId: burnLetter}
    put: {operationId: putLetter, security: []}
  /health:
    get: {operationId: getHealth, security: [{}]}
"""
READ = Operation("getLetter", "GET", "/v1/letters/{letterId}", (Way("reader", frozenset({"letters:read"})),), is_open=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def show(request: Request) -> Response:
    return PlainTextResponse(request.path_params["letter_id"])


async def test_an_operation_that_says_nothing_of_who_may_use_it_is_not_served() -> None:
    offered = [*operations(DOCUMENT)]
    made = routes(offered, {"getLetter": show}, lambda operation: Anybody(operation.id))
    app = create_app(made, readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics())
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://post")

    answers = [await http.request(method, "/v1/letters/7") for method in ("GET", "DELETE", "PUT")]

    assert offered == [READ]
    assert [answer.status_code for answer in answers] == [200, 405, 405]
    assert answers[0].text == "7"


@pytest.mark.parametrize("handlers", [{}, {"getLetter": show, "burnLetter": show}])
def test_a_document_and_its_handlers_must_fit(handlers: dict[str, object]) -> None:
    with pytest.raises(ContractNotKept):
        routes([READ], handlers, lambda operation: Anybody(operation.id))  # type: ignore[arg-type]


def test_a_way_in_with_two_schemes_at_once_cannot_be_kept() -> None:
    with pytest.raises(ContractNotKept):
        [*operations("paths: {/v1/a: {get: {operationId: getA, security: [{one: [], other: []}]}}}")]
