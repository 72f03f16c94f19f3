"""A reservation: stock held for all lines of an order or for none, until it is sold, given back, or runs out.

Every decision returns the reservation as it is then and what moves in the stock. Asked again, it decides the same and moves
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shop_kit.shared_kernel import NEW, Revision

from shop_services.inventory.domain.stock import Movement, StockItem


class Status(StrEnum):
    """Where a reservation is in its life."""

    RESERVED = "reserved"
    REJECTED = "rejected"
    COMMITTED = "committed"
    RELEASED = "released"


class ReleaseReason(StrEnum):
    """Why stock came back."""

    REQUESTED = "requested"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Line:
    """An article and how many of it."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """An article that the reservation failed on. `requested` counts all lines; an unknown article has nothing available."""

    sku: str
    requested: int
    available: int
    is_unknown: bool


Movements = Mapping[str, Movement]
NOTHING: Movements = {}
_MovementOf = Callable[[int], Movement]


@dataclass(frozen=True, slots=True)
class Reservation:
    """One order's hold on stock."""

    id: str
    order_id: str
    status: Status
    lines: tuple[Line, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    expires_at: float = 0.0
    release_reason: ReleaseReason | None = None
    revision: Revision = NEW

    def commit(self, *, now: float) -> Decision:
        """Sell what is reserved; a reservation that has run out is released instead."""
        if self.status is not Status.RESERVED:
            return self.again()
        if self.has_run_out(now):
            return self.release(ReleaseReason.EXPIRED)
        return Decision(replace(self, status=Status.COMMITTED), self._each(lambda units: Movement(reserved=-units, sold=units)))

    def release(self, reason: ReleaseReason) -> Decision:
        """Give everything back, reserved or sold."""
        released = replace(self, status=Status.RELEASED, release_reason=reason)
        match self.status:
            case Status.RESERVED:
                return Decision(released, self._each(lambda units: Movement(free=units, reserved=-units)))
            case Status.COMMITTED:
                return Decision(released, self._each(lambda units: Movement(free=units, sold=-units)))
            case Status.REJECTED:
                return Decision(released, NOTHING)
            case Status.RELEASED:
                return self.again()

    def expire(self, *, now: float) -> Decision | None:
        """Give back what was held too long; None when there is nothing to give back (yet)."""
        if self.status is Status.RESERVED and self.has_run_out(now):
            return self.release(ReleaseReason.EXPIRED)
        return None

    def again(self) -> Decision:
        """Answer a repeated request with the state that the first one led to."""
        return Decision(self, NOTHING)

    def has_run_out(self, now: float) -> bool:
        """Return True from the moment on that the stock is not held any more."""
        return now >= self.expires_at

    def _each(self, movement: _MovementOf) -> Movements:
        return {sku: movement(units) for sku, units in units_by_sku(self.lines).items()}


@dataclass(frozen=True, slots=True)
class Decision:
    """A reservation as it is from now on, and what moves in the stock with it."""

    reservation: Reservation
    movements: Movements


def reserve(
    reservation_id: str, order_id: str, lines: Sequence[Line], *, stock: Mapping[str, StockItem], now: float, hold_seconds: float
) -> Decision:
    """Hold stock for all lines, or for none. Lines on one article are counted together against its stock; nothing is ever
    clamped."""
    wanted = units_by_sku(lines)
    shortages = tuple(_shortages(wanted, stock))
    if shortages:
        return Decision(Reservation(reservation_id, order_id, Status.REJECTED, shortages=shortages), NOTHING)
    reservation = Reservation(reservation_id, order_id, Status.RESERVED, lines=tuple(lines), expires_at=now + hold_seconds)
    return Decision(reservation, {sku: Movement(free=-units, reserved=units) for sku, units in wanted.items()})


def released_before_it_was_reserved(reservation_id: str, order_id: str) -> Decision:
    """Remember a release that came first: a request to reserve that comes later holds nothing."""
    tombstone = Reservation(reservation_id, order_id, Status.RELEASED, release_reason=ReleaseReason.REQUESTED)
    return Decision(tombstone, NOTHING)


def units_by_sku(lines: Sequence[Line]) -> dict[str, int]:
    """Return how many of each article all lines ask for together."""
    units: dict[str, int] = {}
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


def _shortages(wanted: Mapping[str, int], stock: Mapping[str, StockItem]) -> list[Shortage]:
    found = []
    for sku, units in wanted.items():
        item = stock.get(sku)
        if item is None or item.free < units:
            found.append(Shortage(sku, units, item.free if item else 0, is_unknown=item is None))
    return found
