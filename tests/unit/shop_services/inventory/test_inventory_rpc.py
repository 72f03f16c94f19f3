"""Inventory over gRPC: articles for everybody, reservations for those who may, and errors in gRPC's words. Over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from opentelemetry.trace import get_tracer
from shop_contracts.proto.inventory.v1.inventory_service_pb2 import (
    RESERVATION_STATUS_REJECTED,
    RESERVATION_STATUS_RESERVED,
    GetReservationRequest,
    GetStockItemsRequest,
)
from shop_contracts.proto.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.errors import Unavailable
from shop_kit.grpc import Anybody, GrpcService, serving_grpc
from shop_kit.grpc.access import Undeclared
from shop_kit.metrics import Metrics
from shop_kit.testing.clock import HandClock
from shop_services.inventory.adapters.in_memory import InMemoryReservationRepository, InMemoryStockRepository, InventoryTables
from shop_services.inventory.adapters.rpc import InventoryRpc
from shop_services.inventory.domain.reservation import Line, reserve
from shop_services.inventory.domain.stock import StockItem

if TYPE_CHECKING:
    from shop_contracts.proto.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()
MUG = StockItem("mug", 5)
PEN = StockItem("pen", 0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def tables() -> InventoryTables:
    return InventoryTables(stock={"mug": MUG, "pen": PEN})


class Away(InMemoryStockRepository):
    """Stock whose store does not answer."""

    async def items(self, skus: object, *, fresh: bool) -> dict[str, StockItem]:
        raise Unavailable("aws dynamodb", "connection refused")


@pytest.fixture
async def inventory(tables: InventoryTables) -> AsyncIterator[InventoryServiceAsyncStub]:
    stock = InMemoryStockRepository(tables, HandClock())
    async with served(InventoryRpc(stock, InMemoryReservationRepository(tables, stock))) as stub:
        yield stub


@asynccontextmanager
async def served(rpc: InventoryRpc) -> AsyncIterator[InventoryServiceAsyncStub]:
    async with serving(rpc.service()) as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield InventoryServiceStub(channel)


def serving(service: GrpcService) -> AbstractAsyncContextManager[int]:
    tokens = TokenVerifier(StaticKeys(KEY.public_key()), issuer="shop-edge", audience="shop")
    return serving_grpc(
        [service],
        address="127.0.0.1",
        port=0,
        readiness={},
        tokens=tokens,
        tracer=get_tracer("test"),
        metrics=Metrics(),
        most_seconds=5.0,
        drain_seconds=lambda: 1.0,
    )


def may(*scopes: str) -> tuple[tuple[str, str], ...]:
    signed = TokenSigner(KEY, "shop-edge").sign("orders", audience="shop", scopes=scopes, lifetime_seconds=60)
    return (("authorization", f"Bearer {signed}"),)


async def code_of(call: Awaitable[object]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code()


async def reserved(tables: InventoryTables, *lines: Line) -> None:
    stock = InMemoryStockRepository(tables, HandClock())
    decision = reserve("res-1", "ord-1", lines, stock=dict(tables.stock), now=1_000.0, hold_seconds=60)
    await InMemoryReservationRepository(tables, stock).save(decision, handling=None)


async def test_articles_come_in_the_order_asked_for_without_those_the_shop_does_not_have(
    inventory: InventoryServiceAsyncStub,
) -> None:
    found = await inventory.GetStockItems(GetStockItemsRequest(skus=["pen", "nothing", "mug"]))

    assert [(item.sku, item.free) for item in found.items] == [("pen", 0), ("mug", 5)]


async def test_articles_are_shown_as_they_stand_now(inventory: InventoryServiceAsyncStub, tables: InventoryTables) -> None:
    await inventory.GetStockItems(GetStockItemsRequest(skus=["mug"]))
    tables.stock["mug"] = replace(MUG, free=2, reserved=3)

    (mug,) = (await inventory.GetStockItems(GetStockItemsRequest(skus=["mug"]))).items

    assert (mug.free, mug.reserved) == (2, 3)


@pytest.mark.parametrize("skus", [[], ["mug", "mug"], [""], [f"sku-{number}" for number in range(101)]])
async def test_too_few_too_many_and_repeated_articles_are_refused(inventory: InventoryServiceAsyncStub, skus: list[str]) -> None:
    assert await code_of(inventory.GetStockItems(GetStockItemsRequest(skus=skus))) is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_hundred_articles_are_answered(inventory: InventoryServiceAsyncStub) -> None:
    asked = GetStockItemsRequest(skus=["mug", *(f"sku-{number}" for number in range(99))])

    assert [item.sku for item in (await inventory.GetStockItems(asked)).items] == ["mug"]


async def test_a_reservation_is_shown_to_those_who_may_read_stock(
    inventory: InventoryServiceAsyncStub, tables: InventoryTables
) -> None:
    await reserved(tables, Line("mug", 2))

    found = await inventory.GetReservation(GetReservationRequest(reservation_id="res-1"), metadata=may("stock:read"))

    assert (found.order_id, found.status, found.expires_at.seconds) == ("ord-1", RESERVATION_STATUS_RESERVED, 1_060)
    assert [(line.sku, line.quantity) for line in found.lines] == [("mug", 2)]


async def test_a_rejected_reservation_says_what_was_short(inventory: InventoryServiceAsyncStub, tables: InventoryTables) -> None:
    await reserved(tables, Line("pen", 2))

    found = await inventory.GetReservation(GetReservationRequest(reservation_id="res-1"), metadata=may("stock:read"))

    assert (found.status, found.HasField("expires_at")) == (RESERVATION_STATUS_REJECTED, False)
    assert [(short.sku, short.requested, short.available) for short in found.shortages] == [("pen", 2, 0)]


@pytest.mark.parametrize("reservation_id", ["res-0", ""])
async def test_a_reservation_that_is_not_there_is_not_found(inventory: InventoryServiceAsyncStub, reservation_id: str) -> None:
    asked = inventory.GetReservation(GetReservationRequest(reservation_id=reservation_id), metadata=may("stock:read"))

    assert await code_of(asked) is grpc.StatusCode.NOT_FOUND


async def test_a_reservation_is_nobodys_without_a_token_and_the_scope(inventory: InventoryServiceAsyncStub) -> None:
    asked = GetReservationRequest(reservation_id="res-1")

    assert await code_of(inventory.GetReservation(asked)) is grpc.StatusCode.UNAUTHENTICATED
    assert await code_of(inventory.GetReservation(asked, metadata=may("stock:write"))) is grpc.StatusCode.PERMISSION_DENIED


async def test_a_method_of_the_contract_without_a_rule_keeps_the_service_from_starting(tables: InventoryTables) -> None:
    stock = InMemoryStockRepository(tables, HandClock())
    service = InventoryRpc(stock, InMemoryReservationRepository(tables, stock)).service()

    with pytest.raises(Undeclared, match="GetReservation"):
        async with serving(replace(service, access={"GetStockItems": Anybody("a test")})):
            pass


async def test_a_store_that_is_away_is_unavailable(tables: InventoryTables) -> None:
    stock = Away(tables, HandClock())
    async with served(InventoryRpc(stock, InMemoryReservationRepository(tables, stock))) as stub:
        assert await code_of(stub.GetStockItems(GetStockItemsRequest(skus=["mug"]))) is grpc.StatusCode.UNAVAILABLE
