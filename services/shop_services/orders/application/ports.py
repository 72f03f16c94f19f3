"""What the use cases of orders need from outside, in the words of the trade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shop_kit.shared_kernel import Money

from shop_services.orders.domain.checkout import Command, Decision
from shop_services.orders.domain.order import Order, OrderAccepted, Stage

Clock = Callable[[], datetime]
"""Returns the present moment, with its time zone."""

NewOrderId = Callable[[], str]
"""Returns an id that no order has: `ord_` and 26 characters."""


@dataclass(frozen=True, slots=True)
class CheckoutPolicy:
    """How patient the shop is.

    `patience` is how long an order may take until its capture is asked for; then it is given up. `ask_again_after` is how long
    a step may be silent until its command is sent again; the interval doubles up to `ask_again_at_most`.
    """

    patience: timedelta
    ask_again_after: timedelta
    ask_again_at_most: timedelta


class OrderBook(Protocol):
    """The orders, within one transaction: everything written through one book is kept together or not at all."""

    async def find(self, order_id: str) -> Order | None:
        """Return the order, and hold it until the transaction ends, so that nobody else decides about it meanwhile."""
        ...

    async def open(self, order: Order, accepted: OrderAccepted, commands: Sequence[Command]) -> None:
        """Write a new order with its first event, tell the world of it, and send `commands`."""
        ...

    async def record(self, decision: Decision) -> None:
        """Append the decision's events to the order's history, tell the world what concerns it, and send the commands.

        Raises ConcurrentChange when somebody else appended first.
        """
        ...

    async def find_silent(self, *, at: datetime, limit: int) -> Sequence[SilentOrder]:
        """Return orders whose next look is due, longest overdue first, held until the transaction ends; none that others hold."""
        ...

    async def ask_again(self, order: Order, commands: Sequence[Command], *, next_look_at: datetime) -> None:
        """Send commands once more, with new message ids, and note when to look next."""
        ...


@dataclass(frozen=True, slots=True)
class SilentOrder:
    """An order that waits for an answer. `asked_again` counts how often its commands were sent again since its last event."""

    order: Order
    asked_again: int


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order in a list."""

    id: str
    stage: Stage
    total: Money | None
    accepted_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page of a list begins: behind the order that was accepted at this moment with this id."""

    accepted_at: datetime
    order_id: str


class ConcurrentChange(Exception):
    """Another transaction appended to this order first. Trying the whole use case again is right."""
