"""What other services ask the inventory over gRPC, of the running shop."""

from __future__ import annotations

import grpc
import pytest
from e2e.shop import Shop
from grpc_health.v1 import health_pb2, health_pb2_grpc
from shop_contracts.proto.inventory.v1.inventory_service_pb2 import GetReservationRequest, GetStockItemsRequest
from shop_contracts.proto.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

pytestmark = pytest.mark.e2e


def test_inventory_answers_over_grpc_what_it_answers_over_http(shop: Shop) -> None:
    sku = shop.new_article(stock=5)
    shop.outcome(shop.place((sku, 2)))

    with grpc.insecure_channel(shop.environment["SHOP_INVENTORY_GRPC_ADDRESS"]) as channel:
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        (item,) = InventoryServiceStub(channel).GetStockItems(GetStockItemsRequest(skus=[sku]), timeout=10).items

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert (item.free, item.reserved) == shop.stock(sku)[:2]


def test_reservations_are_for_those_who_may_read_stock(shop: Shop) -> None:
    may = (("authorization", shop.book_keeper["authorization"]),)

    with grpc.insecure_channel(shop.environment["SHOP_INVENTORY_GRPC_ADDRESS"]) as channel:
        reservation = InventoryServiceStub(channel).GetReservation
        with pytest.raises(grpc.RpcError) as unknown:
            reservation(GetReservationRequest(reservation_id="no-such"), metadata=may, timeout=10)
        with pytest.raises(grpc.RpcError) as nobody:
            reservation(GetReservationRequest(reservation_id="no-such"), timeout=10)

    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
    assert nobody.value.code() is grpc.StatusCode.UNAUTHENTICATED
