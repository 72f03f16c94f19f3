"""The use cases of reservations: each command takes effect once and is answered every time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shop_kit.errors import Conflict, Invalid

from shop_services.inventory.application.ports import Clock, HandledBefore, Stale, Warehouse
from shop_services.inventory.domain.reservation import (
    Decision,
    Line,
    ReleaseReason,
    Status,
    released_before_it_was_reserved,
    reserve,
)

ATTEMPTS = 8
"""How often a decision is made anew when stock moved under it; each try means that another buyer was faster."""

DEFAULT_HOLD_SECONDS, LONGEST_HOLD_SECONDS = 900.0, 24 * 3600.0


class ReservationUnknown(Invalid):
    """Nobody reserved anything under this id."""

    def __init__(self, reservation_id: str) -> None:
        super().__init__(f"there is no reservation {reservation_id}")


class TooContended(Conflict):
    """Others were faster every time: the message is tried again later."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject, f"{ATTEMPTS} decisions in a row were overtaken")


@dataclass(frozen=True, slots=True)
class Reserve:
    """Hold stock for all lines or for none."""

    reservation_id: str
    order_id: str
    lines: tuple[Line, ...]
    hold_seconds: float


async def reserve_stock(command: Reserve, *, warehouse: Warehouse, clock: Clock, handling: str) -> None:
    """Reserve what is asked for, or reject the whole of it; answer a repeated request with the state it led to."""
    _check(command.lines)
    hold_seconds = min(command.hold_seconds, LONGEST_HOLD_SECONDS) if command.hold_seconds > 0 else DEFAULT_HOLD_SECONDS

    async def decide(*, fresh: bool) -> Decision | None:
        existing = await warehouse.reservation(command.reservation_id, fresh=True) if fresh else None
        if existing is not None:
            return existing.reserve_again()
        stock = await warehouse.items([line.sku for line in command.lines], fresh=fresh)
        decision = reserve(
            command.reservation_id, command.order_id, command.lines, stock=stock, now=clock.now(), hold_seconds=hold_seconds
        )
        # Nobody is turned away for what is only remembered.
        return decision if fresh or decision.reservation.status is Status.RESERVED else None

    await _settle(decide, warehouse=warehouse, handling=handling)


async def commit_stock(reservation_id: str, *, warehouse: Warehouse, clock: Clock, handling: str) -> None:
    """Sell what is reserved. Raises ReservationUnknown."""

    async def decide(*, fresh: bool) -> Decision | None:
        existing = await warehouse.reservation(reservation_id, fresh=fresh)
        if existing is None:
            raise ReservationUnknown(reservation_id)
        return existing.commit(now=clock.now())

    await _settle(decide, warehouse=warehouse, handling=handling)


async def release_stock(reservation_id: str, order_id: str, *, warehouse: Warehouse, handling: str) -> None:
    """Give back what is reserved or sold; when nothing is, see to it that nothing will be."""

    async def decide(*, fresh: bool) -> Decision | None:
        existing = await warehouse.reservation(reservation_id, fresh=fresh)
        if existing is None:
            return released_before_it_was_reserved(reservation_id, order_id)
        return existing.release(ReleaseReason.REQUESTED)

    await _settle(decide, warehouse=warehouse, handling=handling)


async def return_what_ran_out(*, warehouse: Warehouse, clock: Clock, limit: int) -> int:
    """Give back the stock of reservations that ran out. Returns how many there were."""
    now = clock.now()
    reservations = await warehouse.run_out(now, limit=limit)
    for reservation in reservations:
        decision = reservation.expire(now=now)
        if decision is not None:
            try:
                await warehouse.record(decision, handling=None)
            except Stale:
                continue  # committed or released in this very moment
    return len(reservations)


async def _settle(decide: Callable[..., Awaitable[Decision | None]], *, warehouse: Warehouse, handling: str) -> None:
    for attempt in range(ATTEMPTS):
        decision = await decide(fresh=attempt > 0)
        if decision is None:
            continue
        try:
            await warehouse.record(decision, handling=handling)
        except Stale:
            continue
        except HandledBefore:
            return
        return
    raise TooContended("the stock")


def _check(lines: Sequence[Line]) -> None:
    wrong = [line for line in lines if line.quantity < 1]
    if wrong or not lines:
        raise Invalid(f"a reservation needs lines of at least 1 each: {wrong or 'there are none'}")
