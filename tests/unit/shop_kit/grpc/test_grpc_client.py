"""Calls over gRPC: what travels with them, what is tried again, and what an error becomes on the other side. Over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.declared_calls import calls_to
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_current_span
from shop_contracts.proto.inventory.v1 import inventory_service_pb2 as messages
from shop_contracts.proto.inventory.v1.inventory_service_pb2_grpc import (
    InventoryServiceServicer,
    add_InventoryServiceServicer_to_server,
)
from shop_kit import context
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.errors import Conflict, FieldFault, Invalid, KitError, Overloaded, Refused, Unavailable
from shop_kit.grpc import Anybody, GrpcService, Scope, serving_grpc
from shop_kit.grpc.access import caller
from shop_kit.grpc.client import CallFailed, GrpcClient
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()
TRACER = TracerProvider().get_tracer("test")
SERVICE = messages.DESCRIPTOR.services_by_name["InventoryService"]
ARTICLES = messages.GetStockItemsRequest(skus=["mug"])
Handler = Callable[[], Awaitable[str]]


class Answering(InventoryServiceServicer):
    """Answers with one article, called what `handle` returns; counts how often it was asked."""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle
        self.asked = 0

    async def GetStockItems(self, request: object, context: object) -> messages.GetStockItemsResponse:  # noqa: N802
        self.asked += 1
        return messages.GetStockItemsResponse(items=[messages.StockItem(sku=await self.handle())])

    async def GetReservation(self, request: object, context: object) -> messages.GetReservationResponse:  # noqa: N802
        self.asked += 1
        return messages.GetReservationResponse(order_id=await self.handle())


@asynccontextmanager
async def calling(answering: Answering) -> AsyncIterator[GrpcClient]:
    service = GrpcService(
        SERVICE.full_name,
        partial(add_InventoryServiceServicer_to_server, answering),
        {"GetStockItems": Anybody("a test"), "GetReservation": Scope("stock:read")},
    )
    serving = serving_grpc(
        [service],
        address="127.0.0.1",
        port=0,
        readiness={},
        tokens=TokenVerifier(StaticKeys(KEY.public_key()), issuer="shop-edge", audience="shop"),
        tracer=TRACER,
        metrics=Metrics(),
        most_seconds=5.0,
        drain_seconds=lambda: 1.0,
    )
    async with serving as port, GrpcClient.connect(calls_to("inventory"), SERVICE, f"127.0.0.1:{port}", tracer=TRACER) as client:
        yield client


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def name_of_the_article(client: GrpcClient) -> str:
    answer = await client.call(ARTICLES, messages.GetStockItemsResponse, seconds=5)
    return answer.items[0].sku


def failing(*errors: KitError) -> Handler:
    left = list(errors)

    async def handle() -> str:
        if left:
            raise left.pop(0)
        return "mug"

    return handle


async def test_correlation_span_and_deadline_travel_with_a_call() -> None:
    seen: dict[str, object] = {}

    async def handle() -> str:
        seen["correlation"] = context.current().correlation_id
        seen["trace"] = get_current_span().get_span_context().trace_id
        seen["left"] = deadline.seconds_left()
        return "mug"

    async with calling(Answering(handle)) as client, deadline.within(3):
        with context.bind(correlation_id="work-1"), TRACER.start_as_current_span("caller") as span:
            await name_of_the_article(client)

    left = seen.pop("left")
    assert seen == {"correlation": "work-1", "trace": span.get_span_context().trace_id}
    assert isinstance(left, float)
    assert 0 < left <= 3


async def test_the_token_travels_and_the_handler_knows_who_calls() -> None:
    async def handle() -> str:
        return caller().subject

    token = TokenSigner(KEY, "shop-edge").sign("cus_1", audience="shop", scopes=["stock:read"], lifetime_seconds=60)
    async with calling(Answering(handle)) as client:
        answer = await client.call(
            messages.GetReservationRequest(reservation_id="r"), messages.GetReservationResponse, seconds=5, token=token
        )
        with pytest.raises(CallFailed) as nobody:
            await client.call(messages.GetReservationRequest(reservation_id="r"), messages.GetReservationResponse, seconds=5)

    assert answer.order_id == "cus_1"
    assert nobody.value.code is grpc.StatusCode.UNAUTHENTICATED


async def test_what_is_unavailable_is_tried_again_where_the_contract_calls_it_safe() -> None:
    answering = Answering(failing(Unavailable("dynamodb", "away"), Unavailable("dynamodb", "away")))

    async with calling(answering) as client:
        name = await name_of_the_article(client)

    assert (name, answering.asked) == ("mug", 3)


async def test_what_may_have_had_an_effect_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop_kit.grpc.client._SAFE_TO_REPEAT", frozenset())
    answering = Answering(failing(Unavailable("dynamodb", "away")))

    async with calling(answering) as client:
        with pytest.raises(Unavailable):
            await name_of_the_article(client)

    assert answering.asked == 1


@pytest.mark.parametrize("error", [Overloaded("dynamodb", "throttled"), Conflict("mug", "contended"), Invalid("no such thing")])
async def test_an_error_is_the_same_on_both_sides_and_tried_once(error: KitError) -> None:
    answering = Answering(failing(error))

    async with calling(answering) as client:
        with pytest.raises(type(error), match=str(error)):
            await name_of_the_article(client)

    assert answering.asked == 1


async def test_a_refusal_arrives_with_its_kind_and_every_fault() -> None:
    faults = [FieldFault("$.lines[0].sku", "has no price"), FieldFault("$.lines[2].sku", "has no price")]
    answering = Answering(failing(Refused("An article has no price", kind="no-price", detail="in EUR", faults=faults)))

    async with calling(answering) as client:
        with pytest.raises(Refused) as refused:
            await name_of_the_article(client)

    told = refused.value
    assert (told.title, told.kind, told.detail, list(told.faults)) == ("An article has no price", "no-price", "in EUR", faults)


async def test_who_stops_waiting_ends_the_work() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def handle() -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "mug"

    async with calling(Answering(handle)) as client:
        waiting = asyncio.create_task(name_of_the_article(client))
        await began.wait()
        waiting.cancel()
        async with asyncio.timeout(5):
            await ended.wait()


async def test_a_deadline_that_passes_ends_the_work_and_is_told_as_unavailable() -> None:
    ended = asyncio.Event()

    async def handle() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "mug"

    async with calling(Answering(handle)) as client:
        with pytest.raises(Unavailable):
            await client.call(ARTICLES, messages.GetStockItemsResponse, seconds=0.05)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_nobody_there_is_unavailable() -> None:
    async with GrpcClient.connect(calls_to("inventory"), SERVICE, "127.0.0.1:1", tracer=TRACER) as client:
        with pytest.raises(Unavailable):
            await name_of_the_article(client)
