"""A payment: an amount held on a customer's payment method, then taken or let go, and perhaps given back.

A payment says what its next step at the provider is (`Step`), and takes in what the provider answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shop_kit.shared_kernel import NEW, Money, Revision


class Status(StrEnum):
    """Where a payment is in its life."""

    AUTHORISED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    CAPTURE_FAILED = "capture-failed"
    VOIDED = "voided"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the provider refused: its code in snake case, and a sentence for the customer."""

    code: str
    explanation: str


class RefundStatus(StrEnum):
    """Where a refund is in its life."""

    PENDING = "pending"  # written before the provider is asked: from here on it is asked until it answers
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # refused for good: the money stays taken until a person sees to it


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to give back: one refund, whole or in part. `asked_at` is in seconds since the epoch."""

    id: str
    amount: Money
    reason: str
    asked_at: float
    status: RefundStatus = RefundStatus.PENDING
    refusal: Refusal | None = None


class Step(StrEnum):
    """What has to happen at the provider before a command has its answer."""

    NONE = "none"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class RefundNotPossible(Exception):
    """The payment has no such amount to give back."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One order's payment."""

    id: str
    order_id: str
    status: Status
    amount: Money | None = None
    """None for a payment that was voided before anything was held."""
    customer_id: str | None = None
    issuer: str | None = None
    """Who issued the card, as far as its token tells."""
    refusal: Refusal | None = None
    refunds: tuple[Refund, ...] = ()
    revision: Revision = NEW

    @property
    def refundable(self) -> Money | None:
        """How much can still be asked back: what was taken, less what was given back or is being; None when nothing was taken."""
        if self.amount is None or self.status not in {Status.CAPTURED, Status.REFUNDED}:
            return None
        asked = [refund.amount for refund in self.refunds if refund.status is not RefundStatus.FAILED]
        return self.amount - Money.total(asked) if asked else self.amount

    @property
    def kept(self) -> Money | None:
        """How much of the customer's money is still taken: what was, less what was given back; None when nothing was taken."""
        if self.amount is None or self.status not in {Status.CAPTURED, Status.REFUNDED}:
            return None
        return self.amount - Money.total([refund.amount for refund in self.refunds if refund.status is RefundStatus.SUCCEEDED])

    @property
    def pending_refunds(self) -> Sequence[Refund]:
        """Refunds whose outcome is not known yet, oldest first."""
        return [refund for refund in self.refunds if refund.status is RefundStatus.PENDING]

    @property
    def failed_refunds(self) -> Sequence[Refund]:
        """Refunds that a person has to see to: those refused, unless the money was given back in another way since."""
        is_settled = self.status is Status.REFUNDED
        return [] if is_settled else [refund for refund in self.refunds if refund.status is RefundStatus.FAILED]

    def refund(self, refund_id: str) -> Refund | None:
        """Return the refund of this id, or None."""
        return next((refund for refund in self.refunds if refund.id == refund_id), None)

    def step_to_capture(self) -> Step:
        """Capturing takes what is held; any other state is the answer."""
        return Step.CAPTURE if self.status is Status.AUTHORISED else Step.NONE

    def step_to_void(self) -> Step:
        """Voiding lets go of what is held."""
        return Step.VOID if self.status is Status.AUTHORISED else Step.NONE

    def step_to_refund(self) -> Step:
        """Refunding gives back what was taken; what was only held is let go."""
        match self.status:
            case Status.CAPTURED:
                return Step.REFUND
            case Status.AUTHORISED:
                return Step.VOID
            case _:
                return Step.NONE

    def captured(self) -> Payment:
        """The provider took the amount."""
        return replace(self, status=Status.CAPTURED)

    def capture_refused(self, refusal: Refusal) -> Payment:
        """The provider refused for good; nothing is held any more."""
        return replace(self, status=Status.CAPTURE_FAILED, refusal=refusal)

    def voided(self) -> Payment:
        """Nothing is held (any more)."""
        return replace(self, status=Status.VOIDED)

    def without_hold(self) -> Payment:
        """Return the payment as a void leaves it that needs no provider: nothing was ever held, or nothing is held any more."""
        return self.voided() if self.status in {Status.DECLINED, Status.CAPTURE_FAILED} else self

    def refund_asked(self, refund_id: str, amount: Money | None, reason: str, *, at: float) -> Payment:
        """Intend to give an amount back (None: all that is left), from the moment `at` on.

        Raises RefundNotPossible when that is not left, or in another currency.
        """
        left = self.refundable
        if left is None or not left.minor_units:
            raise RefundNotPossible(f"payment {self.id} has nothing to give back")
        wanted = amount or left
        if wanted.currency != left.currency:
            raise RefundNotPossible(f"payment {self.id} is in {left.currency}, not {wanted.currency}")
        if not 1 <= wanted.minor_units <= left.minor_units:
            raise RefundNotPossible(f"payment {self.id} has {left} left to give back, not {wanted}")
        return replace(self, refunds=(*self.refunds, Refund(refund_id, wanted, reason, asked_at=at)))

    def refund_given(self, refund_id: str) -> Payment:
        """The provider gave the money back."""
        return self._settled(refund_id, RefundStatus.SUCCEEDED, None)

    def refund_refused(self, refund_id: str, refusal: Refusal) -> Payment:
        """The provider refused for good to give the money back: it is still taken."""
        return self._settled(refund_id, RefundStatus.FAILED, refusal)

    def _settled(self, refund_id: str, status: RefundStatus, refusal: Refusal | None) -> Payment:
        refunds = tuple(
            replace(refund, status=status, refusal=refusal) if refund.id == refund_id else refund for refund in self.refunds
        )
        given = [refund.amount for refund in refunds if refund.status is RefundStatus.SUCCEEDED]
        is_all = bool(given) and Money.total(given) == self.amount
        return replace(self, refunds=refunds, status=Status.REFUNDED if is_all else Status.CAPTURED)


def authorised(payment_id: str, order_id: str, customer_id: str, amount: Money, *, issuer: str | None = None) -> Payment:
    """Return a payment whose amount the provider holds."""
    return Payment(payment_id, order_id, Status.AUTHORISED, amount=amount, customer_id=customer_id, issuer=issuer)


def declined(
    payment_id: str, order_id: str, customer_id: str, amount: Money, refusal: Refusal, *, issuer: str | None = None
) -> Payment:
    """A payment that the provider refused to hold."""
    return Payment(payment_id, order_id, Status.DECLINED, amount=amount, customer_id=customer_id, issuer=issuer, refusal=refusal)


def voided_before_it_was_authorised(payment_id: str, order_id: str) -> Payment:
    """Remember a void that came first: a request to authorise that comes later holds nothing."""
    return Payment(payment_id, order_id, Status.VOIDED)


def issuer_of(method_token: str) -> str:
    """Return who issued the card that a token stands for: the word behind `tok_`."""
    return method_token.removeprefix("tok_").partition("_")[0] or "unknown"
