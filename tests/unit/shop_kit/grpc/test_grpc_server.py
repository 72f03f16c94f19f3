"""gRPC of any service: errors in its words, deadlines, health, reflection and a graceful end. Over a real socket on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_kit import context
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.errors import Conflict, Invalid, Overloaded, Unavailable
from shop_kit.grpc import Anybody, GrpcService, Scope, serving_grpc
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline

pytestmark = pytest.mark.anyio
NAME = "shop.test.v1.Stock"
KEY = Ed25519PrivateKey.generate()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Server:
    """A service with one method that does as it is told."""

    def __init__(self) -> None:
        self.answer: Callable[[InventoryCommand], Awaitable[InventoryCommand]] = self.echo
        self.is_ready = True
        self.metrics = Metrics()
        self.spans = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.spans))
        self.correlations: list[str] = []
        self.access: dict[str, Scope | Anybody] = {"Ask": Anybody("a test")}

    async def echo(self, request: InventoryCommand) -> InventoryCommand:
        self.correlations.append(context.correlation_id())
        return request

    async def check(self) -> None:
        if not self.is_ready:
            raise Unavailable("store", "away")

    def add_to(self, server: grpc.aio.Server) -> None:
        async def ask(request: InventoryCommand, _context: object) -> InventoryCommand:
            return await self.answer(request)

        method = grpc.unary_unary_rpc_method_handler(ask, InventoryCommand.FromString, InventoryCommand.SerializeToString)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(NAME, {"Ask": method})])

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[grpc.aio.Channel]:
        async with self.serving() as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel

    def serving(self) -> AbstractAsyncContextManager[int]:
        return serving_grpc(
            [GrpcService(NAME, self.add_to, self.access)],
            address="127.0.0.1",
            port=0,
            readiness={"store": self.check},
            tokens=TokenVerifier(StaticKeys(KEY.public_key()), issuer="shop-edge", audience="shop"),
            tracer=self.provider.get_tracer("test"),
            metrics=self.metrics,
            most_seconds=5.0,
            drain_seconds=lambda: 5.0,
        )


@pytest.fixture
def server() -> Server:
    return Server()


async def ask(channel: grpc.aio.Channel, *, seconds: float | None = None, metadata: Any = None) -> InventoryCommand:
    call = channel.unary_unary(f"/{NAME}/Ask", InventoryCommand.SerializeToString, InventoryCommand.FromString)
    found: InventoryCommand = await call(InventoryCommand(order_id="ord_1"), timeout=seconds, metadata=metadata)
    return found


async def test_a_call_is_answered_within_the_work_and_trace_of_its_caller(server: Server) -> None:
    metadata = (("x-correlation-id", "c-1"), ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"))
    async with server.channel() as channel:
        assert (await ask(channel, metadata=metadata)).order_id == "ord_1"

    (span,) = server.spans.get_finished_spans()
    assert server.correlations == ["c-1"]
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f'shop_grpc_server_seconds_count{{code="OK",method="/{NAME}/Ask"}} 1' in server.metrics.render()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("postgresql", "away"), grpc.StatusCode.UNAVAILABLE),
        (Overloaded("psp", "full"), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (Conflict("stock", "overtaken"), grpc.StatusCode.ABORTED),
        (Invalid("no such currency"), grpc.StatusCode.INVALID_ARGUMENT),
        (RuntimeError("the secret inside"), grpc.StatusCode.INTERNAL),
    ],
)
async def test_errors_of_the_kit_are_told_in_the_words_of_grpc(server: Server, error: Exception, code: grpc.StatusCode) -> None:
    async def fail(_request: InventoryCommand) -> InventoryCommand:
        raise error

    server.answer = fail
    async with server.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as told:
            await ask(channel)

    assert told.value.code() is code
    assert "secret" not in (told.value.details() or "")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, StatusCode.UNSET),
        (Invalid("no such currency"), StatusCode.UNSET),
        (Unavailable("postgresql", "away"), StatusCode.ERROR),
        (RuntimeError("a fault of ours"), StatusCode.ERROR),
    ],
)
async def test_a_span_says_when_the_fault_was_ours(server: Server, error: Exception | None, status: StatusCode) -> None:
    async def answer(request: InventoryCommand) -> InventoryCommand:
        if error is not None:
            raise error
        return request

    server.answer = answer
    async with server.channel() as channel:
        await code_of(ask(channel))

    assert [span.status.status_code for span in server.spans.get_finished_spans()] == [status]


async def test_the_callers_deadline_bounds_the_work_and_is_handed_on(server: Server) -> None:
    seen: list[float | None] = []
    ended = asyncio.Event()

    async def slow(request: InventoryCommand) -> InventoryCommand:
        seen.append(deadline.seconds_left())
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return request

    server.answer = slow
    async with server.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as told:
            await ask(channel, seconds=0.3)
        async with asyncio.timeout(5):
            await ended.wait()

    assert told.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert seen[0] is not None
    assert seen[0] < 1


async def test_health_is_what_readiness_says(server: Server) -> None:
    async with server.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        ready = await health.Check(health_pb2.HealthCheckRequest(service=NAME))
        server.is_ready = False
        unready = await health.Check(health_pb2.HealthCheckRequest())
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await health.Check(health_pb2.HealthCheckRequest(service="shop.other.v1.Other"))

    status = health_pb2.HealthCheckResponse
    assert (ready.status, unready.status) == (status.SERVING, status.NOT_SERVING)
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_names_the_services(server: Server) -> None:
    async with server.channel() as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        names = [one.name async for answer in asked for one in answer.list_services_response.service]

    assert NAME in names


async def test_a_call_under_way_is_answered_when_the_service_stops(server: Server) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(request: InventoryCommand) -> InventoryCommand:
        begun.set()
        await may_end.wait()
        return request

    server.answer = slow
    serving = server.serving()
    port = await serving.__aenter__()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        asked = asyncio.create_task(ask(channel))
        await begun.wait()
        stopped = asyncio.create_task(serving.__aexit__(None, None, None))
        may_end.set()
        assert (await asked).order_id == "ord_1"
        await stopped


def token(*scopes: str) -> tuple[tuple[str, str], ...]:
    signed = TokenSigner(KEY, "shop-edge").sign("cus-1", audience="shop", scopes=scopes, lifetime_seconds=60)
    return (("authorization", f"Bearer {signed}"),)


@pytest.mark.parametrize(
    "metadata",
    [(), (("authorization", "Bearer no.such.token"),), (("authorization", "Basic YTpi"),)],
    ids=["none", "unsigned", "basic"],
)
async def test_a_method_with_a_scope_lets_in_nobody_without_a_token(server: Server, metadata: tuple[tuple[str, str], ...]) -> None:
    server.access = {"Ask": Scope("stock:read")}
    async with server.channel() as channel:
        assert await code_of(ask(channel, metadata=metadata)) is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("scopes", "code"),
    [(("orders:place",), grpc.StatusCode.PERMISSION_DENIED), (("stock:read", "orders:place"), None)],
)
async def test_a_method_with_a_scope_lets_in_tokens_that_have_it(
    server: Server, scopes: tuple[str, ...], code: grpc.StatusCode | None
) -> None:
    server.access = {"Ask": Scope("stock:read")}
    async with server.channel() as channel:
        assert await code_of(ask(channel, metadata=token(*scopes))) is code


async def test_a_method_that_does_not_say_who_may_call_it_is_not_served(server: Server) -> None:
    server.access = {}
    async with server.channel() as channel:
        assert await code_of(ask(channel, metadata=token("stock:read"))) is grpc.StatusCode.INTERNAL

    assert server.correlations == [], "its handler never ran"


async def code_of(call: Awaitable[object]) -> grpc.StatusCode | None:
    """None: it was answered."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return None
