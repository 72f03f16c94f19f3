"""What payments needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shop_kit.shared_kernel import Money

from shop_services.payments.domain.payment import Payment, Refund, Refusal


class Stale(Exception):
    """The payment has changed meanwhile: read it afresh and decide again."""


class HandledBefore(Exception):
    """The message that asked for this had its effect before."""


class PaymentProvider(Protocol):
    """Who holds and moves the money. Every call may be repeated under its key and then has the effect of one.

    All raise shop_kit's Unavailable when there is no answer in time: whether the call had its effect is then unknown, and it
    must be
    made again under the same key.
    """

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        """Hold `amount`. Returns None when it is held, else why not."""
        ...

    async def capture(self, payment_id: str) -> Refusal | None:
        """Take the whole amount that is held. Returns None when it is taken, else why it never will be."""
        ...

    async def void(self, payment_id: str) -> None:
        """Let go of what is held."""
        ...

    async def refund(self, payment_id: str, refund_id: str, amount: Money) -> Refusal | None:
        """Give `amount` back. Returns None when it is given back, else why not."""
        ...


class PaymentBook(Protocol):
    """Payments, written and announced together."""

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        """Return the payment, or None. Unless `fresh`, it may be as remembered: `record` refuses what does not hold any more."""
        ...

    async def of_order(self, order_id: str) -> Sequence[Payment]:
        """Return the payments of an order."""
        ...

    async def record(self, payment: Payment, *, handling: str | None, refund: Refund | None = None) -> None:
        """Write a payment one version on and announce its state (of `refund`, when that is what happened): all of it or nothing.

        Raises Stale when another version was written meanwhile, HandledBefore when the message `handling` had its effect before.
        """
        ...
