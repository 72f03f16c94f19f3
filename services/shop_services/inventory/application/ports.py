"""What inventory needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shop_kit.shared_kernel import Money

from shop_services.inventory.domain.reservation import Decision, Reservation
from shop_services.inventory.domain.stock import StockItem


class Stale(Exception):
    """What a decision was based on has changed meanwhile: read afresh and decide again."""


class HandledBefore(Exception):
    """The message that asked for this had its effect before."""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """An article as it is put into the stock: `free` units from now on, whatever is reserved or sold."""

    sku: str
    name: str
    unit_price: Money
    free: int


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


class Warehouse(Protocol):
    """Stock and reservations, written together and announced together."""

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        """Those articles that exist. Unless `fresh`, they may be as remembered: `record` refuses what does not hold any more."""
        ...

    async def reservation(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        """Return the reservation, or None. Unless `fresh`, it may be as remembered."""
        ...

    async def record(self, decision: Decision, *, handling: str | None) -> None:
        """Write a decision, move the stock and announce the reservation's state: all of it or nothing.

        Raises Stale when stock, price or reservation are not what the decision was based on, HandledBefore when the message with
        the id `handling` had its effect before.
        """
        ...

    async def run_out(self, now: float, *, limit: int) -> Sequence[Reservation]:
        """Return reservations that still hold stock and ran out by `now`, oldest first."""
        ...

    async def put(self, levels: Sequence[StockLevel]) -> None:
        """Set these articles; what is reserved or sold of them stays as it is."""
        ...

    async def item(self, sku: str) -> StockItem | None:
        """Return the article, or None."""
        ...

    async def page(self, *, limit: int, behind: str | None) -> StockPage:
        """Up to `limit` articles."""
        ...
