"""What other services ask over gRPC: articles, many at once, and reservations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import grpc
from shop_contracts.proto.inventory.v1 import inventory_service_pb2 as messages
from shop_contracts.proto.inventory.v1.inventory_service_pb2_grpc import (
    InventoryServiceServicer,
    add_InventoryServiceServicer_to_server,
)
from shop_kit.errors import Invalid
from shop_kit.grpc import Anybody, GrpcService, Scope

from shop_services.inventory.adapters.events import reserved_line, shortage
from shop_services.inventory.application.ports import ReservationRepository, StockRepository
from shop_services.inventory.domain.reservation import Reservation, Status
from shop_services.inventory.domain.stock import StockItem

MOST_SKUS = 100
_STATUSES = {
    Status.RESERVED: messages.RESERVATION_STATUS_RESERVED,
    Status.REJECTED: messages.RESERVATION_STATUS_REJECTED,
    Status.COMMITTED: messages.RESERVATION_STATUS_COMMITTED,
    Status.RELEASED: messages.RESERVATION_STATUS_RELEASED,
}


@dataclass(frozen=True)
class InventoryRpc(InventoryServiceServicer):
    """Implements `shop.inventory.v1.InventoryService`."""

    stock: StockRepository
    reservations: ReservationRepository

    def service(self) -> GrpcService:
        """Return what is served, with who may call it."""
        return GrpcService(
            "shop.inventory.v1.InventoryService",
            partial(add_InventoryServiceServicer_to_server, self),
            {"GetStockItems": Anybody("what the shop sells is public"), "GetReservation": Scope("stock:read")},
        )

    async def GetStockItems(  # noqa: N802 - the contract's name
        self, request: messages.GetStockItemsRequest, context: object
    ) -> messages.GetStockItemsResponse:
        """Answer with those articles that there are. Raises Invalid."""
        del context
        skus = [*request.skus]
        if not 1 <= len(skus) <= MOST_SKUS or len(set(skus)) < len(skus) or not all(skus):
            raise Invalid(f"ask for 1 to {MOST_SKUS} different articles, not for {len(skus)}")
        found = await self.stock.items(skus, fresh=True)
        return messages.GetStockItemsResponse(items=[_item(found[sku]) for sku in skus if sku in found])

    async def GetReservation(  # noqa: N802 - the contract's name
        self,
        request: messages.GetReservationRequest,
        context: grpc.aio.ServicerContext[messages.GetReservationRequest, messages.GetReservationResponse],
    ) -> messages.GetReservationResponse:
        """Answer with one reservation, or NOT_FOUND."""
        found = await self.reservations.find(request.reservation_id, fresh=True) if request.reservation_id else None
        if found is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no reservation {request.reservation_id}")
        return _reservation(found)


def _item(item: StockItem) -> messages.StockItem:
    return messages.StockItem(sku=item.sku, free=item.free, reserved=item.reserved)


def _reservation(found: Reservation) -> messages.GetReservationResponse:
    answer = messages.GetReservationResponse(
        reservation_id=found.id,
        order_id=found.order_id,
        status=_STATUSES[found.status],
        lines=map(reserved_line, found.lines),
        shortages=map(shortage, found.shortages),
    )
    if found.status is Status.RESERVED:
        answer.expires_at.FromMilliseconds(int(found.expires_at * 1000))
    return answer
