"""Inventory's Warehouse in memory, with the promises of the real one: conditions, inbox and an event for each decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shop_kit.testing.event_log import EventLog
from shop_services.inventory.adapters.events import reservation_event
from shop_services.inventory.application.ports import HandledBefore, Stale, StockLevel, StockPage
from shop_services.inventory.domain.reservation import Decision, Reservation, Status
from shop_services.inventory.domain.stock import StockItem


@dataclass
class FakeWarehouse:
    """Keeps everything in dictionaries. `remembered` holds what a reader that is not fresh gets, however old."""

    stock: dict[str, StockItem] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    handled: set[str] = field(default_factory=set)
    log: EventLog = field(default_factory=EventLog)
    remembered: dict[str, StockItem] = field(default_factory=dict)
    remembered_reservations: dict[str, Reservation] = field(default_factory=dict)

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        known = {sku: self.stock[sku] for sku in skus if sku in self.stock}
        if fresh:
            self.remembered.update(known)
            return known
        return known | {sku: self.remembered[sku] for sku in skus if sku in self.remembered}

    async def reservation(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        if not fresh and reservation_id in self.remembered_reservations:
            return self.remembered_reservations[reservation_id]
        return self.reservations.get(reservation_id)

    async def record(self, decision: Decision, *, handling: str | None) -> None:
        if handling in self.handled:
            raise HandledBefore
        after = decision.reservation
        before = self.reservations.get(after.id)
        if after.version != (before.version if before else 0) + 1:
            self.remembered_reservations.pop(after.id, None)
            raise Stale
        moved = {}
        prices = {line.sku: line.unit_price for line in after.lines} if after.status is Status.RESERVED else {}
        for sku, movement in decision.movements.items():
            item = self.stock.get(sku)
            if item is None or (sku in prices and item.unit_price != prices[sku]):
                self._forget(decision)
                raise Stale
            try:
                moved[sku] = movement.applied_to(item)
            except ValueError as error:
                self._forget(decision)
                raise Stale from error
        self.stock.update(moved)
        self.reservations[after.id] = self.remembered_reservations[after.id] = after
        if handling:
            self.handled.add(handling)
        await self.log.publish([reservation_event(after)])

    async def run_out(self, now: float, *, limit: int) -> Sequence[Reservation]:
        held = [one for one in self.reservations.values() if one.status is Status.RESERVED and one.has_run_out(now)]
        return sorted(held, key=lambda one: one.expires_at)[:limit]

    async def put(self, levels: Sequence[StockLevel]) -> None:
        for level in levels:
            before = self.stock.get(level.sku) or StockItem(level.sku, "", level.unit_price, 0)
            self.stock[level.sku] = replace(before, name=level.name, unit_price=level.unit_price, free=level.free)

    async def item(self, sku: str) -> StockItem | None:
        return self.stock.get(sku)

    async def page(self, *, limit: int, behind: str | None) -> StockPage:
        skus = sorted(sku for sku in self.stock if behind is None or sku > behind)
        found = [self.stock[sku] for sku in skus[:limit]]
        return StockPage(found, found[-1].sku if len(skus) > limit else None)

    def _forget(self, decision: Decision) -> None:
        for sku in decision.movements:
            self.remembered.pop(sku, None)
