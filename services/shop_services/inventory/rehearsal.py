"""Inventory over a shelf in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shop_contracts.proto.inventory.v1 import commands_pb2
from shop_kit.messages import OutgoingMessage, Subscription, outgoing
from shop_kit.rehearsal import Rehearsal
from shop_kit.shared_kernel import Money
from shop_kit.testing.event_log import received

from shop_services.inventory.adapters.commands import subscription
from shop_services.inventory.adapters.events import COMMANDS_TOPIC, reservation_event
from shop_services.inventory.application.ports import StockLevel, StockPage
from shop_services.inventory.application.reserving import return_what_ran_out
from shop_services.inventory.domain.reservation import Decision, Line, Reservation, Status, reserve
from shop_services.inventory.domain.stock import StockItem

MISSING = "SKU-9999"
_FREE = 1_000_000
_LONG_AGO = 1_000.0


class _Clock:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds


class _Shelf:
    """A warehouse that has plenty of everything but MISSING. With `holds_all`, every reservation one can ask for is held."""

    def __init__(self, *, holds_all: bool = False) -> None:
        self.holds_all = holds_all
        self.reservations: dict[str, Reservation] = {}
        self.sent: list[OutgoingMessage] = []

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        del fresh
        return {sku: StockItem(sku, "An article", Money("EUR", 1999), _FREE) for sku in skus if sku != MISSING}

    async def reservation(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        del fresh
        return self.reservations.get(reservation_id) or (held(reservation_id) if self.holds_all else None)

    async def record(self, decision: Decision, *, handling: str | None) -> None:
        del handling
        self.reservations[decision.reservation.id] = decision.reservation
        self.sent.append(reservation_event(decision.reservation))

    async def run_out(self, now: float, *, limit: int) -> Sequence[Reservation]:
        held_now = [one for one in self.reservations.values() if one.status is Status.RESERVED and one.has_run_out(now)]
        return held_now[:limit]

    async def put(self, levels: Sequence[StockLevel]) -> None:
        raise NotImplementedError

    async def item(self, sku: str) -> StockItem | None:
        return (await self.items([sku], fresh=True)).get(sku)

    async def page(self, *, limit: int, behind: str | None) -> StockPage:
        del limit, behind
        return StockPage([], None)


def held(reservation_id: str) -> Reservation:
    """A reservation that holds stock."""
    stock = {"SKU-0001": StockItem("SKU-0001", "An article", Money("EUR", 1999), _FREE)}
    return reserve(reservation_id, "ord_1", (Line("SKU-0001", 2),), stock=stock, now=_LONG_AGO, hold_seconds=60).reservation


def rehearsal() -> Rehearsal:
    """Inventory's handlers, and one message of each kind it sends."""
    return Rehearsal(hears=_hears, sends=_sends)


def _hears(kind: str) -> Sequence[Subscription[Any]]:
    return (subscription(_Shelf(holds_all=kind != "reserve_stock"), _Clock(_LONG_AGO)),)


async def _sends() -> Sequence[OutgoingMessage]:
    shelf, clock = _Shelf(), _Clock(_LONG_AGO)
    handle = subscription(shelf, clock).handle
    for command in _commands():
        message = outgoing(COMMANDS_TOPIC, command.order_id, command, source="/shop/orders", sequence=1)
        await handle(received(message, commands_pb2.InventoryCommand))
    clock.seconds += 3_600
    await return_what_ran_out(warehouse=shelf, clock=clock, limit=10)
    return shelf.sent


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
