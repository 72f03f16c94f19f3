"""Returns the stock of reservations that ran out, for as long as the service runs."""

from __future__ import annotations

from collections.abc import AsyncIterator

from shop_kit.sweeping import Sweeper

from shop_services.inventory.application.ports import Clock, ReservationRepository
from shop_services.inventory.application.reserving import return_what_ran_out


def expiry(reservations: ReservationRepository, clock: Clock) -> Sweeper[str]:
    """Return what looks for reservations that ran out."""

    def due() -> AsyncIterator[str]:
        return reservations.run_out(clock.now())

    async def take_up(reservation_id: str) -> None:
        await return_what_ran_out(reservation_id, reservations=reservations, clock=clock)

    return Sweeper("reservations that ran out", due=due, take_up=take_up, clock=clock)
