"""Reservations and levels of stock as Protobuf events."""

from __future__ import annotations

from shop_contracts.proto.inventory.v1 import events_pb2, stock_pb2
from shop_kit.messages import OutgoingMessage, outgoing

from shop_services.inventory.domain.reservation import Line, ReleaseReason, Reservation, Shortage, Status
from shop_services.inventory.domain.stock import Level, StockItem

EVENTS_TOPIC = "shop.inventory.events.v1"
STOCK_TOPIC = "shop.inventory.stock.v1"
COMMANDS_TOPIC = "shop.inventory.commands.v1"
SOURCE = "/shop/inventory"

_REASONS = {
    ReleaseReason.REQUESTED: events_pb2.RELEASE_REASON_REQUESTED,
    ReleaseReason.EXPIRED: events_pb2.RELEASE_REASON_EXPIRED,
}
_LEVELS = {
    Level.IN_STOCK: stock_pb2.STOCK_LEVEL_IN_STOCK,
    Level.LOW: stock_pb2.STOCK_LEVEL_LOW,
    Level.OUT_OF_STOCK: stock_pb2.STOCK_LEVEL_OUT_OF_STOCK,
}


def reservation_event(reservation: Reservation) -> OutgoingMessage:
    """Return what is true of the reservation now, as the message that says so. The key is the order's id."""
    event = events_pb2.InventoryEvent(order_id=reservation.order_id, reservation_id=reservation.id)
    match reservation.status:
        case Status.RESERVED:
            event.stock_reserved.lines.extend(map(reserved_line, reservation.lines))
            event.stock_reserved.expires_at.FromMilliseconds(int(reservation.expires_at * 1000))
        case Status.REJECTED:
            event.stock_rejected.shortages.extend(map(shortage, reservation.shortages))
        case Status.COMMITTED:
            event.stock_committed.SetInParent()
        case Status.RELEASED:
            event.stock_released.reason = _REASONS[reservation.release_reason or ReleaseReason.REQUESTED]
    return outgoing(EVENTS_TOPIC, reservation.order_id, event, source=SOURCE, sequence=reservation.revision.sequence)


def stock_event(item: StockItem, *, at: float) -> OutgoingMessage:
    """Return what the world is told of an article: how it stands, at a moment in seconds since the epoch. The key is the SKU."""
    event = stock_pb2.StockEvent(sku=item.sku, version=item.told)
    event.occurred_at.FromMilliseconds(int(at * 1000))
    event.stock_level_changed.free = item.free
    event.stock_level_changed.level = _LEVELS[item.level]
    return outgoing(STOCK_TOPIC, item.sku, event, source=SOURCE, sequence=item.told)


def reserved_line(line: Line) -> events_pb2.ReservedLine:
    """Return a line of a reservation as contracts have it."""
    return events_pb2.ReservedLine(sku=line.sku, quantity=line.quantity)


def shortage(short: Shortage) -> events_pb2.StockShortage:
    """Return what a reservation failed on as contracts have it."""
    return events_pb2.StockShortage(
        sku=short.sku, requested=short.requested, available=short.available, is_unknown=short.is_unknown
    )
