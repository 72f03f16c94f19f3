"""Reservations in DynamoDB.

A decision is one transaction: the reservation under its version, with the message it answers; the stock under conditions that make
overselling impossible; and the event. What was written last is remembered, so that a decision usually needs no read at all; the
conditions find out when memory is out of date.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from shop_kit.aggregates import Stale
from shop_kit.aggregates.dynamo import DynamoAggregates, revision_of
from shop_kit.aws.dynamo import Dynamo, Item
from shop_kit.outbox.dynamo import DynamoOutbox

from shop_services.inventory.adapters.events import reservation_event
from shop_services.inventory.adapters.stock_repository import DynamoStockRepository
from shop_services.inventory.domain.reservation import Decision, Line, ReleaseReason, Reservation, Shortage, Status

EXPIRING_INDEX = "expiring"
HELD = "held"
"""Partition of the sparse index of reservations that hold stock. One takes 1,000 writes/s on AWS: 500 checkouts/s; beyond,
shard it."""


class DynamoReservationRepository:
    """The ReservationRepository on the service's own table, with its outbox."""

    def __init__(self, dynamo: Dynamo, outbox: DynamoOutbox, stock: DynamoStockRepository, *, table: str) -> None:
        self._stock = stock
        self._reservations = DynamoAggregates[Reservation](
            dynamo, outbox, table=table, kind="reservation", to_item=_from_reservation, from_item=_to_reservation
        )

    async def find(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        """Return the reservation, as remembered unless `fresh`."""
        return await self._reservations.find(reservation_id, fresh=fresh)

    async def save(self, decision: Decision, *, handling: str | None) -> None:
        """Write the decision in one transaction and announce it. Raises Stale."""
        moves = await self._stock.moves(decision)
        try:
            await self._reservations.save(
                decision.reservation, handling=handling, announce=reservation_event, also=moves.writes, messages=moves.messages
            )
        except Stale:
            self._stock.forget(decision)
            raise

    def run_out(self, now: float) -> AsyncIterator[str]:
        """Return what the index knows of reservations that ran out: each is read again before anything is decided."""
        values = {":held": HELD, ":now": int(now * 1000)}
        return self._reservations.indexed(EXPIRING_INDEX, "holding = :held AND holds_until <= :now", values)


def _from_reservation(reservation: Reservation) -> Item:
    item: Item = {
        "order_id": reservation.order_id,
        "status": reservation.status.value,
        "lines": [{"sku": one.sku, "quantity": one.quantity} for one in reservation.lines],
        "shortages": [
            {"sku": one.sku, "requested": one.requested, "available": one.available, "is_unknown": one.is_unknown}
            for one in reservation.shortages
        ],
        "expires_at_ms": int(reservation.expires_at * 1000),
        "release_reason": reservation.release_reason.value if reservation.release_reason else None,
    }
    if reservation.status is Status.RESERVED:
        item |= {"holding": HELD, "holds_until": int(reservation.expires_at * 1000)}
    return item


def _to_reservation(item: Item) -> Reservation:
    reason = item.get("release_reason")
    return Reservation(
        id=item["id"],
        order_id=item["order_id"],
        status=Status(item["status"]),
        lines=tuple(Line(one["sku"], one["quantity"]) for one in item["lines"]),
        shortages=tuple(
            Shortage(one["sku"], one["requested"], one["available"], is_unknown=one["is_unknown"]) for one in item["shortages"]
        ),
        expires_at=item["expires_at_ms"] / 1000,
        release_reason=ReleaseReason(reason) if reason else None,
        revision=revision_of(item),
    )
