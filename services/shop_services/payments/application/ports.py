"""What payments needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shop_kit.shared_kernel import Money

from shop_services.payments.domain.payment import Payment, Refusal


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as the provider knows it: given, or refused for good."""

    refusal: Refusal | None


class PaymentProvider(Protocol):
    """Who holds and moves the money. Every call may be repeated under its key and then has the effect of one.

    `issuer` is who issued the card: when one issuer is away, the cards of all others go on. All raise shop_kit's Transient when
    there is no answer in time: whether the call had its effect is then unknown, and it must be made again under the same key.
    """

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        """Hold `amount`. Returns None when it is held, else why not."""
        ...

    async def capture(self, payment_id: str, *, issuer: str | None) -> Refusal | None:
        """Take the whole amount that is held. Returns None when it is taken, else why it never will be."""
        ...

    async def void(self, payment_id: str, *, issuer: str | None) -> None:
        """Let go of what is held; nothing happens when nothing is, or the provider never heard of the payment."""
        ...

    async def refund(self, payment_id: str, refund_id: str, amount: Money, *, issuer: str | None) -> Refusal | None:
        """Give `amount` back. Returns None when it is given back, else why it never will be."""
        ...

    async def find_refund(self, payment_id: str, refund_id: str, *, issuer: str | None) -> ProviderRefund | None:
        """Return what the provider knows of a refund, None when it never heard of it."""
        ...


@dataclass(frozen=True, slots=True)
class RefundPosition:
    """Where a payment stands in the list of those with a failed refund."""

    payment_id: str
    asked_at_ms: int


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """Some payments, and the position to go on behind (None: there are no more)."""

    items: Sequence[Payment]
    next_position: RefundPosition | None


class PaymentRepository(Protocol):
    """The payments. Each is written together with the event that tells of it."""

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        """Return the payment, or None. Unless `fresh`, it may be as remembered: `save` refuses what does not hold any more."""
        ...

    async def of_order(self, order_id: str) -> Sequence[Payment]:
        """Return the payments of an order."""
        ...

    async def save(self, payment: Payment, *, handling: str | None = None, refund_id: str | None = None) -> Payment:
        """Write a payment one version on, announce its state (that of a refund, when one is named), and remember the message
        `handling`: all of it or nothing. Returns it with its new revision.

        Raises shop_kit's Stale when another version was written meanwhile.
        """
        ...

    async def intend(self, payment: Payment) -> Payment:
        """Write a payment one version on with what is about to be asked of the provider; nothing is announced. Raises Stale."""
        ...

    def with_pending_refunds(self, *, asked_before: float) -> AsyncIterator[str]:
        """Return the ids of payments with a refund that was asked for before then and has no outcome yet, oldest first."""
        ...

    async def with_failed_refunds(self, *, limit: int, behind: RefundPosition | None) -> PaymentPage:
        """Up to `limit` payments with a refund that a person has to see to, oldest first."""
        ...
