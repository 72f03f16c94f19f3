"""Who may use a route is declared on it, and decided before its handler runs."""

from __future__ import annotations

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from opentelemetry import trace
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.http import Anybody, GuardedRoute, Scope, caller, json
from shop_kit.http.access import Unguarded
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()


async def who(request: Request) -> Response:
    return json({"subject": caller(request).subject})


async def anybody(_request: Request) -> Response:
    return json({})


def service(*routes: BaseRoute) -> httpx.AsyncClient:
    callers = TokenVerifier(StaticKeys(KEY.public_key()), issuer="issuer", audience="here")
    app = create_app(routes, readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics(), tokens=callers)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


def bearer(*scopes: str, issuer: str = "issuer") -> dict[str, str]:
    # Parameters are made when tests are collected, which may be long before the test runs.
    token = TokenSigner(KEY, issuer).sign("ann", audience="here", scopes=scopes, lifetime_seconds=86_400)
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_handler_learns_who_is_calling() -> None:
    http = service(GuardedRoute("/v1/who", who, access=Scope("who:ask")))

    assert (await http.get("/v1/who", headers=bearer("who:ask"))).json() == {"subject": "ann"}


@pytest.mark.parametrize(
    "headers, status, kind",
    [
        ({}, 401, "not-authenticated"),
        ({"authorization": "Basic YTpi"}, 401, "not-authenticated"),
        ({"authorization": "Bearer "}, 401, "not-authenticated"),
        (bearer("who:ask", issuer="somebody"), 401, "not-authenticated"),
        (bearer(), 403, "not-allowed"),
        (bearer("who:answer"), 403, "not-allowed"),
    ],
)
async def test_without_a_token_of_its_scope_nobody_passes(headers: dict[str, str], status: int, kind: str) -> None:
    http = service(GuardedRoute("/v1/who", who, access=Scope("who:ask")))

    answer = await http.get("/v1/who", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_route_that_does_not_say_who_may_use_it_is_not_served() -> None:
    with pytest.raises(Unguarded, match="/v1/who"):
        service(GuardedRoute("/v1/open", anybody, access=Anybody("a test")), Route("/v1/who", who))


async def test_a_route_for_anybody_says_so_and_lets_everybody_in() -> None:
    http = service(GuardedRoute("/v1/open", anybody, access=Anybody("a test")))

    assert (await http.get("/v1/open", headers={"authorization": "nonsense"})).status_code == 200
