"""A payment: an amount held on a customer's payment method, then taken or let go, and perhaps given back.

A payment says what its next step at the provider is (`Step`), and takes in what the provider answered. `version` counts its
answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from shop_kit.shared_kernel import Money


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


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back: one refund, whole or in part."""

    id: str
    amount: Money
    reason: str


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
    version: int
    amount: Money | None = None
    """None for a payment that was voided before anything was held."""
    customer_id: str | None = None
    refusal: Refusal | None = None
    refunds: tuple[Refund, ...] = ()

    @property
    def refunded_minor_units(self) -> int:
        """How much was given back, over all refunds."""
        return sum(refund.amount.minor_units for refund in self.refunds)

    @property
    def refundable(self) -> Money | None:
        """How much can still be given back; None when nothing was taken."""
        if self.amount is None or self.status not in {Status.CAPTURED, Status.REFUNDED}:
            return None
        return Money(self.amount.currency, self.amount.minor_units - self.refunded_minor_units)

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
        return self._next(Status.CAPTURED)

    def capture_refused(self, refusal: Refusal) -> Payment:
        """The provider refused for good; nothing is held any more."""
        return replace(self._next(Status.CAPTURE_FAILED), refusal=refusal)

    def voided(self) -> Payment:
        """Nothing is held (any more)."""
        return self._next(Status.VOIDED)

    def refunded(self, refund: Refund) -> Payment:
        """The provider gave an amount back. Raises RefundNotPossible when that is more than there is, ValueError in another
        currency."""
        left = self.refundable
        if left is None or refund.amount.minor_units > left.minor_units or refund.amount.minor_units < 1:
            raise RefundNotPossible(f"payment {self.id} has {left} to give back, not {refund.amount}")
        if refund.amount.currency != left.currency:
            raise RefundNotPossible(f"payment {self.id} is in {left.currency}, not {refund.amount.currency}")
        is_all = refund.amount.minor_units == left.minor_units
        return replace(self._next(Status.REFUNDED if is_all else Status.CAPTURED), refunds=(*self.refunds, refund))

    def again(self) -> Payment:
        """Return the same state, answered once more."""
        return self._next(self.status)

    def void_leaves_nothing(self) -> bool:
        """Return True for what ends voided without the provider: nothing was ever held, or nothing is held any more."""
        return self.status in {Status.DECLINED, Status.CAPTURE_FAILED}

    def _next(self, status: Status) -> Payment:
        return replace(self, status=status, version=self.version + 1)


def authorised(payment_id: str, order_id: str, customer_id: str, amount: Money) -> Payment:
    """Return a payment whose amount the provider holds."""
    return Payment(payment_id, order_id, Status.AUTHORISED, 1, amount=amount, customer_id=customer_id)


def declined(payment_id: str, order_id: str, customer_id: str, amount: Money, refusal: Refusal) -> Payment:
    """A payment that the provider refused to hold."""
    return Payment(payment_id, order_id, Status.DECLINED, 1, amount=amount, customer_id=customer_id, refusal=refusal)


def voided_before_it_was_authorised(payment_id: str, order_id: str) -> Payment:
    """Remember a void that came first: a request to authorise that comes later holds nothing."""
    return Payment(payment_id, order_id, Status.VOIDED, 1)
