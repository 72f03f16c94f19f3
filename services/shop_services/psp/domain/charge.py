"""A charge as the provider knows it: money held on a card, then taken or let go, and perhaps given back.

The method token chooses what becomes of a charge:

    tok_visa and any other     held and taken
    tok_declined               declined: card_declined
    tok_insufficient_funds     declined: insufficient_funds
    tok_capture_fails          held, and the capture refused for good: authorisation_expired
    tok_refund_fails           held and taken, and every refund refused for good: account_closed
    tok_slow                   held, but the first answer comes late: after the caller's time-out
    tok_error                  the first two calls fail before anything is held, then it works
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from shop_kit.shared_kernel import Money

CAPTURE_FAILS, REFUND_FAILS, SLOW, ERROR = "tok_capture_fails", "tok_refund_fails", "tok_slow", "tok_error"


class Status(StrEnum):
    """Where a charge is in its life."""

    HELD = "held"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the provider refuses for good: a code in snake case, and a sentence for the customer."""

    code: str
    explanation: str


class Refused(Exception):
    """The provider does not do it, now or later."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.explanation}")
        self.refusal = refusal


DECLINES = {
    "tok_declined": Refusal("card_declined", "The card was declined."),
    "tok_insufficient_funds": Refusal("insufficient_funds", "There is not enough money on the account."),
}
EXPIRED = Refusal("authorisation_expired", "The card's bank does not hold the amount any more.")
NOT_CAPTURED = Refusal("not_captured", "There is nothing to give back.")
TOO_MUCH = Refusal("amount_too_large", "More cannot be given back than was taken.")
CLOSED = Refusal("account_closed", "The account that the money came from is closed.")


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, or a refund that failed: then it never left, or came back later."""

    id: str
    amount: Money
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge. `holds` counts how often money was held for it: never above 1."""

    id: str
    reference: str
    status: Status
    amount: Money
    method_token: str
    holds: int
    decline: Refusal | None = None
    refunds: tuple[Refund, ...] = field(default=())

    @property
    def refunded_minor_units(self) -> int:
        """How much was given back."""
        return sum(refund.amount.minor_units for refund in self.refunds if refund.refusal is None)

    def refund(self, refund_id: str) -> Refund | None:
        """Return the refund of this id, or None."""
        return next((refund for refund in self.refunds if refund.id == refund_id), None)

    def captured(self) -> Charge:
        """Take what is held, once. A charge that cannot be taken holds nothing from then on: see `refuses_capture`."""
        if self.status is Status.CAPTURED:
            return self
        return self.voided() if self.refuses_capture else replace(self, status=Status.CAPTURED)

    @property
    def refuses_capture(self) -> bool:
        """Whether a capture is refused for good."""
        return self.status is not Status.CAPTURED and (self.status is not Status.HELD or self.method_token == CAPTURE_FAILS)

    def voided(self) -> Charge:
        """Let go of what is held; anything else stays as it is."""
        return replace(self, status=Status.VOIDED) if self.status is Status.HELD else self

    def refunded(self, refund_id: str, amount: Money) -> Charge:
        """Give an amount back once for each refund id, and never more than was taken. A refused refund is kept as such."""
        if self.refund(refund_id) is not None:
            return self
        return replace(self, refunds=(*self.refunds, Refund(refund_id, amount, self._why_no_refund(amount))))

    def refund_returned(self, refund_id: str) -> Charge:
        """The customer's bank sent the money of a refund back."""
        refunds = tuple(replace(one, refusal=CLOSED) if one.id == refund_id else one for one in self.refunds)
        return replace(self, refunds=refunds)

    def _why_no_refund(self, amount: Money) -> Refusal | None:
        if self.status is not Status.CAPTURED:
            return NOT_CAPTURED
        if self.method_token == REFUND_FAILS:
            return CLOSED
        left = self.amount.minor_units - self.refunded_minor_units
        return None if amount.currency == self.amount.currency and amount.minor_units <= left else TOO_MUCH


def charge(charge_id: str, reference: str, amount: Money, method_token: str) -> Charge:
    """Hold an amount, or decline to."""
    decline = DECLINES.get(method_token)
    status = Status.DECLINED if decline else Status.HELD
    return Charge(charge_id, reference, status, amount, method_token, holds=0 if decline else 1, decline=decline)
