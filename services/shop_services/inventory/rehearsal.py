"""Inventory over a shelf in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shop_contracts.proto.inventory.v1 import commands_pb2
from shop_kit.messages import OutgoingMessage, Subscription, outgoing
from shop_kit.rehearsal import Rehearsal
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import received

from shop_services.inventory.adapters.commands import subscription
from shop_services.inventory.adapters.events import COMMANDS_TOPIC
from shop_services.inventory.adapters.in_memory import InMemoryReservationRepository, InMemoryStockRepository, InventoryTables
from shop_services.inventory.adapters.sweeper import expiry
from shop_services.inventory.domain.reservation import Line, Reservation, reserve
from shop_services.inventory.domain.stock import StockItem, StockLevel

MISSING = "SKU-9999"
_FREE = 1_000_000
_LONG_AGO = 1_000.0


class _Shelf(InMemoryStockRepository):
    """Plenty of everything but MISSING."""

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        for sku in set(skus) - {MISSING}:
            self.tables.stock.setdefault(sku, _plenty_of(sku))
        return await super().items(skus, fresh=fresh)


class _AllHeld(InMemoryReservationRepository):
    """Every reservation one can ask for is held."""

    async def find(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        return await super().find(reservation_id, fresh=fresh) or held(reservation_id)


def held(reservation_id: str) -> Reservation:
    """A reservation that holds stock."""
    stock = {"SKU-0001": _plenty_of("SKU-0001")}
    return reserve(reservation_id, "ord_1", (Line("SKU-0001", 2),), stock=stock, now=_LONG_AGO, hold_seconds=60).reservation


def rehearsal() -> Rehearsal:
    """Inventory's handlers, and one message of each kind it sends."""
    return Rehearsal(hears=_hears, sends=_sends)


def _hears(kind: str) -> Sequence[Subscription[Any]]:
    tables = InventoryTables(stock={"SKU-0001": StockItem("SKU-0001", _FREE, reserved=2)})
    clock = HandClock(_LONG_AGO)
    shelf = _Shelf(tables, clock)
    reservations = InMemoryReservationRepository if kind == "reserve_stock" else _AllHeld
    return (subscription(shelf, reservations(tables, shelf), clock),)


async def _sends() -> Sequence[OutgoingMessage]:
    tables, clock = InventoryTables(), HandClock(_LONG_AGO)
    shelf = _Shelf(tables, clock)
    await shelf.put([StockLevel("SKU-0003", stocked=3)])
    reservations = InMemoryReservationRepository(tables, shelf)
    handle = subscription(shelf, reservations, clock).handle
    for command in _commands():
        message = outgoing(COMMANDS_TOPIC, command.order_id, command, source="/shop/orders", sequence=1)
        await handle(received(message, commands_pb2.InventoryCommand))
    clock.pass_by(3_600)
    await expiry(reservations, clock).sweep()
    return tables.reservations.log.messages


def _plenty_of(sku: str) -> StockItem:
    return StockItem(sku, _FREE)


def _commands() -> Sequence[commands_pb2.InventoryCommand]:
    """Reservations that are committed, released, left to run out, and refused for an unknown article and for too many."""
    found = []
    for number, (sku, quantity) in enumerate(
        [("SKU-0001", 2), ("SKU-0001", 1), ("SKU-0002", 3), (MISSING, 1), ("SKU-0001", _FREE + 1)]
    ):
        command = commands_pb2.InventoryCommand(order_id=f"ord_{number}", reservation_id=f"res_{number}")
        command.reserve_stock.lines.add(sku=sku, quantity=quantity)
        command.reserve_stock.hold_seconds = 60
        found.append(command)
    commit = commands_pb2.InventoryCommand(order_id="ord_0", reservation_id="res_0")
    commit.commit_stock.SetInParent()
    release = commands_pb2.InventoryCommand(order_id="ord_1", reservation_id="res_1")
    release.release_stock.SetInParent()
    return [*found, commit, release]
