"""Stock and reservations in memory, with the promises of the real ones: for rehearsals, and for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shop_kit.aggregates import Memory, Stale
from shop_kit.clock import Clock
from shop_kit.testing.aggregates import AggregateTable, InMemoryAggregates

from shop_services.inventory.adapters.events import reservation_event, stock_event
from shop_services.inventory.application.ports import StockPage
from shop_services.inventory.domain.reservation import Decision, Reservation, Status
from shop_services.inventory.domain.stock import LevelRefused, StockItem, StockLevel


@dataclass
class InventoryTables:
    """What is stored: all that processes share."""

    stock: dict[str, StockItem] = field(default_factory=dict)
    reservations: AggregateTable[Reservation] = field(default_factory=AggregateTable)


class InMemoryStockRepository:
    """The StockRepository of one process: what it read last it remembers, and may be wrong about."""

    def __init__(self, tables: InventoryTables, clock: Clock) -> None:
        self.tables = tables
        self._clock = clock
        self._known: Memory[StockItem] = Memory()

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        """Return those articles that exist, as remembered unless `fresh`."""
        found: dict[str, StockItem] = {}
        for sku in skus:
            item = (None if fresh else self._known.get(sku)) or self.tables.stock.get(sku)
            if item is not None:
                found[sku] = item
                self._known.keep(sku, item)
        return found

    async def item(self, sku: str) -> StockItem | None:
        """Return the article, or None."""
        return self.tables.stock.get(sku)

    async def page(self, *, limit: int, behind: str | None) -> StockPage:
        """Up to `limit` articles by SKU."""
        skus = sorted(sku for sku in self.tables.stock if behind is None or sku > behind)
        found = [self.tables.stock[sku] for sku in skus[:limit]]
        return StockPage(found, found[-1].sku if len(skus) > limit else None)

    async def put(self, levels: Sequence[StockLevel]) -> Sequence[LevelRefused]:
        """Set articles. Returns those that were refused."""
        refused = []
        for level in levels:
            item = self.tables.stock.get(level.sku)
            if item is not None and level.is_true_of(item):
                continue
            try:
                after = level.applied_to(item)
            except LevelRefused as refusal:
                refused.append(refusal)
            else:
                self._set(after)
                self._tell(after)
        return refused

    def move(self, decision: Decision) -> None:
        """Move the units of a decision. Raises Stale when they do not fit."""
        try:
            moved = {sku: movement.applied_to(self.tables.stock[sku]) for sku, movement in decision.movements.items()}
        except (LookupError, ValueError) as error:
            self.forget(decision)
            raise Stale(str(error)) from error
        for sku, item in moved.items():
            is_told = item.level is not self.tables.stock[sku].level
            self._set(replace(item, told=item.told + 1) if is_told else item)
            if is_told:
                self._tell(self.tables.stock[sku])

    def forget(self, decision: Decision) -> None:
        """Do not trust what is remembered of the articles of a decision any more."""
        for sku in decision.movements:
            self._known.forget(sku)

    def _set(self, item: StockItem) -> None:
        self.tables.stock[item.sku] = item

    def _tell(self, item: StockItem) -> None:
        self.tables.reservations.log.messages.append(stock_event(item, at=self._clock.now()))


class InMemoryReservationRepository:
    """The ReservationRepository of one process."""

    def __init__(self, tables: InventoryTables, stock: InMemoryStockRepository) -> None:
        self._stock = stock
        self._tables = tables
        self._reservations = InMemoryAggregates(tables.reservations)

    async def find(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        """Return the reservation, as remembered unless `fresh`."""
        return await self._reservations.find(reservation_id, fresh=fresh)

    async def save(self, decision: Decision, *, handling: str | None) -> None:
        """Store a decision, move the stock and announce it. Raises Stale."""
        await self._reservations.save(
            decision.reservation, handling=handling, announce=reservation_event, also=lambda: self._stock.move(decision)
        )

    async def run_out(self, now: float) -> AsyncIterator[str]:
        """Return those that hold stock and ran out, oldest first."""
        held = [one for one in self._tables.reservations.stored.values() if one.status is Status.RESERVED and one.has_run_out(now)]
        for one in sorted(held, key=lambda one: one.expires_at):
            yield one.id
