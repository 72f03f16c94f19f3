"""The front door's calls to a service on a loopback socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from fakes.declared_calls import calls_to
from opentelemetry import trace
from shop_kit.context import bind
from shop_kit.errors import Overloaded, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience.calls import GuardedCalls
from shop_kit.resilience.declared import CallPolicy
from shop_services.edge.adapters.services import HttpService
from shop_services.edge.application.callers import guest
from shop_services.edge.application.ports import Effect

pytestmark = pytest.mark.anyio

ORDER = Effect(b"{}", "application/json", "k-1")
WAITS_AT_ONCE = 3
POLICY = CallPolicy(service="orders", waits_at_once=WAITS_AT_ONCE)


@dataclass
class Backend:
    """A service that fails as often as it is told to, and records what it is asked."""

    fails: int = 0
    waiting: int = 0
    is_done: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.bodies.append(await request.read())
        if "wait" in request.query:
            self.waiting += 1
            await self.is_done.wait()
        if self.fails:
            self.fails -= 1
            return web.Response(status=503)
        return web.Response(status=202, body=b'{"id": "ord_1"}', headers={"Location": "/v1/orders/ord_1"})

    async def has_waiting(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.waiting < count:  # noqa: ASYNC110 - it is on the other side of a socket
                await asyncio.sleep(0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
async def service(backend: Backend) -> AsyncIterator[HttpService]:
    async with calling(backend) as service:
        yield service


@asynccontextmanager
async def calling(backend: Backend, policy: CallPolicy = POLICY) -> AsyncIterator[HttpService]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", backend.serve)
    tracer = trace.get_tracer("test")
    async with (
        TestServer(app) as server,
        HttpService.connect(
            GuardedCalls(policy, Metrics()),
            str(server.make_url("")),
            sign=lambda caller: f"token-of-{caller.subject}",
            tracer=tracer,
        ) as service,
    ):
        yield service


async def test_a_call_says_for_whom_it_is_and_to_which_work_it_belongs(service: HttpService, backend: Backend) -> None:
    with bind(correlation_id="work-1"):
        await service.get("/v1/orders/a%3Fb?limit=2", caller=guest("ann"), seconds=5)

    request = backend.asked[0]
    assert (request.headers["authorization"], request.headers["x-correlation-id"]) == ("Bearer token-of-ann", "work-1")
    assert request.raw_path == "/v1/orders/a%3Fb?limit=2"
    assert 0 < int(request.headers["x-deadline-ms"]) <= 5000


async def test_an_order_is_tried_again_with_the_same_key_and_body(service: HttpService, backend: Backend) -> None:
    backend.fails = 2

    answer = await service.post("/v1/orders", ORDER, caller=guest("ann"), seconds=5)

    assert (answer.status, answer.headers["location"]) == (202, "/v1/orders/ord_1")
    assert [request.headers["idempotency-key"] for request in backend.asked] == ["k-1"] * 3
    assert backend.bodies == [b"{}"] * 3


async def test_who_never_answers_is_asked_a_bounded_number_of_times(service: HttpService, backend: Backend) -> None:
    backend.fails = 100

    with pytest.raises(Unavailable, match="orders is unavailable"):
        await service.get("/v1/orders", caller=guest("ann"), seconds=5)

    assert len(backend.asked) == 3


async def test_a_service_that_is_down_is_spared_until_it_may_be_up_again(service: HttpService, backend: Backend) -> None:
    backend.fails = 1000
    for _ in range(10):
        with pytest.raises(Unavailable):
            await service.get("/v1/orders", caller=guest("ann"), seconds=5)

    asked = len(backend.asked)
    with pytest.raises(Unavailable, match="circuit breaker is open"):
        await service.get("/v1/orders", caller=guest("ann"), seconds=5)

    assert asked < 10
    assert len(backend.asked) == asked


async def test_nobody_listening_is_unavailable() -> None:
    nowhere = f"http://127.0.0.1:{unused_port()}"
    calls, tracer = calls_to("orders"), trace.get_tracer("test")
    async with HttpService.connect(calls, nowhere, sign=lambda caller: caller.subject, tracer=tracer) as service:
        with pytest.raises(Unavailable):
            await service.get("/v1/orders", caller=guest("ann"), seconds=1)


async def test_a_crowd_that_reads_keeps_nobody_from_placing_orders_nor_the_other_way_round(
    backend: Backend,
) -> None:
    narrow = CallPolicy(service="orders", timeout_seconds=30, reads_at_once=1, writes_at_once=1)
    async with calling(backend, narrow) as service, asyncio.TaskGroup() as crowd:
        crowd.create_task(service.get("/v1/orders?wait=1", caller=guest("ann"), seconds=25))
        await backend.has_waiting(1)

        with pytest.raises(Overloaded):
            await service.get("/v1/orders", caller=guest("bob"), seconds=5)
        crowd.create_task(service.post("/v1/orders?wait=1", ORDER, caller=guest("bob"), seconds=25))
        await backend.has_waiting(2)
        with pytest.raises(Overloaded):
            await service.post("/v1/orders", ORDER, caller=guest("eve"), seconds=5)
        backend.is_done.set()


async def test_those_who_wait_for_their_orders_keep_nobody_from_placing_theirs(service: HttpService, backend: Backend) -> None:
    async with asyncio.TaskGroup() as waiters:
        for _ in range(WAITS_AT_ONCE):
            waiters.create_task(service.wait("/v1/orders/a?wait=20", caller=guest("ann"), seconds=25))
        await backend.has_waiting(WAITS_AT_ONCE)

        with pytest.raises(Overloaded):
            await service.wait("/v1/orders/b?wait=20", caller=guest("bob"), seconds=25)
        assert (await service.get("/v1/orders", caller=guest("bob"), seconds=5)).status == 202
        assert (await service.post("/v1/orders", ORDER, caller=guest("bob"), seconds=5)).status == 202
        backend.is_done.set()
