"""The use cases of reservations: each command takes effect once and is answered every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop_kit.aggregates import Stale, decide_and_record
from shop_kit.errors import Invalid
from shop_kit.shared_kernel import MOST_ARTICLES

from shop_services.inventory.application.ports import Clock, ReservationRepository, StockRepository
from shop_services.inventory.domain.reservation import (
    Decision,
    Line,
    ReleaseReason,
    Status,
    released_before_it_was_reserved,
    reserve,
)

DEFAULT_HOLD_SECONDS, LONGEST_HOLD_SECONDS = 900.0, 24 * 3600.0


class ReservationUnknown(Invalid):
    """Nobody reserved anything under this id."""

    def __init__(self, reservation_id: str) -> None:
        super().__init__(f"there is no reservation {reservation_id}")


@dataclass(frozen=True, slots=True)
class Reserve:
    """Hold stock for all lines or for none."""

    reservation_id: str
    order_id: str
    lines: tuple[Line, ...]
    hold_seconds: float


async def reserve_stock(
    command: Reserve, *, stock: StockRepository, reservations: ReservationRepository, clock: Clock, handling: str
) -> None:
    """Reserve what is asked for, or reject the whole of it; answer a repeated request with the state it led to."""
    _check(command.lines)
    hold_seconds = min(command.hold_seconds, LONGEST_HOLD_SECONDS) if command.hold_seconds > 0 else DEFAULT_HOLD_SECONDS

    async def decide(*, fresh: bool) -> Decision:
        items = await stock.items([line.sku for line in command.lines], fresh=fresh)
        decision = reserve(
            command.reservation_id, command.order_id, command.lines, stock=items, now=clock.now(), hold_seconds=hold_seconds
        )
        if not fresh and decision.reservation.status is Status.REJECTED:
            raise Stale("nobody is turned away for what is only remembered")
        return decision

    async def attempt(*, fresh: bool) -> None:
        # The first try reads nothing: a reservation that exists already makes it stale.
        existing = await reservations.find(command.reservation_id, fresh=True) if fresh else None
        if existing is not None and existing.revision.has_handled(handling):
            return
        await reservations.save(existing.again() if existing else await decide(fresh=fresh), handling=handling)

    await decide_and_record(attempt, subject=f"reservation {command.reservation_id}")


async def commit_stock(reservation_id: str, *, reservations: ReservationRepository, clock: Clock, handling: str) -> None:
    """Sell what is reserved. Raises ReservationUnknown."""

    async def attempt(*, fresh: bool) -> None:
        existing = await reservations.find(reservation_id, fresh=fresh)
        if existing is None:
            raise ReservationUnknown(reservation_id)
        if not existing.revision.has_handled(handling):
            await reservations.save(existing.commit(now=clock.now()), handling=handling)

    await decide_and_record(attempt, subject=f"reservation {reservation_id}")


async def release_stock(reservation_id: str, order_id: str, *, reservations: ReservationRepository, handling: str) -> None:
    """Give back what is reserved or sold; when nothing is, see to it that nothing will be."""

    async def attempt(*, fresh: bool) -> None:
        existing = await reservations.find(reservation_id, fresh=fresh)
        if existing is None:
            await reservations.save(released_before_it_was_reserved(reservation_id, order_id), handling=handling)
        elif not existing.revision.has_handled(handling):
            await reservations.save(existing.release(ReleaseReason.REQUESTED), handling=handling)

    await decide_and_record(attempt, subject=f"reservation {reservation_id}")


async def return_what_ran_out(reservation_id: str, *, reservations: ReservationRepository, clock: Clock) -> None:
    """Give back the stock of a reservation that ran out; one that was committed or released meanwhile stays as it is."""

    async def attempt(*, fresh: bool) -> None:
        existing = await reservations.find(reservation_id, fresh=fresh)
        decision = existing.expire(now=clock.now()) if existing else None
        if decision is not None:
            await reservations.save(decision, handling=None)

    await decide_and_record(attempt, subject=f"reservation {reservation_id}")


def _check(lines: Sequence[Line]) -> None:
    wrong = [line for line in lines if line.quantity < 1]
    if wrong or not lines:
        raise Invalid(f"a reservation needs lines of at least 1 each: {wrong or 'there are none'}")
    if (articles := len({line.sku for line in lines})) > MOST_ARTICLES:
        raise Invalid(f"a reservation holds at most {MOST_ARTICLES} different articles, not {articles}")
