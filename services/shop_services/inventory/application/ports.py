"""What inventory needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shop_services.inventory.domain.reservation import Decision, Reservation
from shop_services.inventory.domain.stock import LevelRefused, StockItem, StockLevel


@dataclass(frozen=True, slots=True)
class StockPage:
    """Some articles, and the SKU to go on behind (None: there are no more)."""

    items: Sequence[StockItem]
    next_sku: str | None


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class StockRepository(Protocol):
    """The articles."""

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        """Those articles that exist. Unless `fresh`, they may be as remembered: `save` refuses what does not hold any more."""
        ...

    async def item(self, sku: str) -> StockItem | None:
        """Return the article as it is, or None."""
        ...

    async def page(self, *, limit: int, behind: str | None) -> StockPage:
        """Up to `limit` articles."""
        ...

    async def put(self, levels: Sequence[StockLevel]) -> Sequence[LevelRefused]:
        """Set these articles, each under the revision it was seen at; one that is already as it is wanted stays.

        Returns those that were refused; all others are set. No SKU may stand twice.
        """
        ...


class ReservationRepository(Protocol):
    """The reservations. Each is written together with what it moves in the stock and with the event that tells of it."""

    async def find(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        """Return the reservation, or None. Unless `fresh`, it may be as remembered."""
        ...

    async def save(self, decision: Decision, *, handling: str | None) -> None:
        """Write a decision, move the stock, announce the reservation's state, and remember the message `handling`: all or nothing.

        Raises shop_kit's Stale when stock or reservation are not what the decision was based on.
        """
        ...

    def run_out(self, now: float) -> AsyncIterator[str]:
        """Return the ids of all reservations that hold stock and ran out by `now`, oldest first; it may be a moment behind."""
        ...
