"""What the use cases of orders need from outside, in the words of the trade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shop_kit.errors import Invalid
from shop_kit.shared_kernel.money import Money

from shop_services.orders.domain.checkout import Command, Decision, may_be_given_up
from shop_services.orders.domain.order import Order, OrderAccepted, Stage
from shop_services.orders.domain.quote import Quote

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

    def next_look(self, order: Order, *, at: datetime, asked_again: int = 0) -> datetime | None:
        """Return when to look at an order that stays silent from `at` on, at the latest when it is given up (at once, where its
        answer came when the patience was over); None for a final one.

        `asked_again` counts how often its commands were sent again since its last event.
        """
        if order.stage.is_final:
            return None
        interval: timedelta = self.ask_again_after * 2 ** min(asked_again, 16)
        look_at = at + min(interval, self.ask_again_at_most)
        return min(look_at, max(at, order.accepted_at + self.patience)) if may_be_given_up(order) else look_at

    def is_out_of_time(self, order: Order, *, at: datetime) -> bool:
        """Return whether the order has used up the patience."""
        return at >= order.accepted_at + self.patience


class QuoteRefused(Invalid):
    """No order can be placed with this quote."""


class QuoteNotValid(QuoteRefused):
    """Pricing has not signed it, or not for this, or for somebody else."""


class QuoteExpired(QuoteRefused):
    """It held until a moment ago; prices may have changed since."""


class QuoteAlreadyUsed(QuoteRefused):
    """An order was placed with it before."""

    def __init__(self, quote_id: str) -> None:
        super().__init__(f"an order was placed with quote {quote_id} before")


class Quotes(Protocol):
    """The quotes that pricing has made."""

    async def read(self, token: str, *, customer_id: str) -> Quote:
        """Return what a token says, for this customer. Raises QuoteNotValid, QuoteExpired; Unavailable when nobody can tell now."""
        ...


class OrderRepository(Protocol):
    """The orders, for one piece of work: a request, a message, or a look at one silent order.

    A write has all its effects or none, those included that make the piece of work count once: what a message or a request answers
    is written with it. It raises Stale when the order was changed since it was read here; then begin the piece of work
    again.
    """

    async def find(self, order_id: str) -> Order | None:
        """Return the order. Raises OrderUnreadable."""
        ...

    async def add(self, order: Order, accepted: OrderAccepted, commands: Sequence[Command]) -> None:
        """Write a new order with its first event, tell the world of it, and send `commands`. Raises QuoteAlreadyUsed."""
        ...

    async def record(self, decision: Decision) -> None:
        """Append the decision's events to the order's history, tell the world what concerns it, and send the commands."""
        ...

    async def ask_again(self, order: Order, commands: Sequence[Command]) -> None:
        """Send commands once more, with new message ids, and look again later than the last time."""
        ...


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order in a list."""

    id: str
    stage: Stage
    total: Money
    accepted_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page of a list begins: behind the order that was accepted at this moment with this id."""

    accepted_at: datetime
    order_id: str


class OrderUnreadable(Exception):
    """The history of an order cannot be read: a newer version of this service wrote it, or it is damaged."""

    def __init__(self, order_id: str, reason: str) -> None:
        super().__init__(reason)
        self.order_id = order_id
