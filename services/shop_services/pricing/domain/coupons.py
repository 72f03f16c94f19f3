"""Coupons: codes that ask for a promotion, used at most so often; and what an order has used of them.

Every decision on an order's coupons returns them as they are then, and by how much the uses of its codes change. Asked again, it
decides the same and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shop_kit.shared_kernel import NEW, Revision

from shop_services.pricing.domain.quote import LIFETIME_SECONDS
from shop_services.pricing.domain.validity import ALWAYS, Validity

CUSTOMER = "cus_"
"""How the ids of customers begin who are known. A guest is whoever comes without one, and may come again as another."""


class Reason(StrEnum):
    """Why a coupon cannot be used."""

    UNKNOWN = "unknown"
    NOT_VALID_NOW = "not-valid-now"
    USED_UP = "used-up"
    USED_UP_BY_CUSTOMER = "used-up-by-customer"
    NEEDS_CUSTOMER = "needs-customer"

    @property
    def sentence(self) -> str:
        """Return the same for people."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.UNKNOWN: "the shop has no such coupon",
    Reason.NOT_VALID_NOW: "it does not hold now",
    Reason.USED_UP: "it was used as often as it may be",
    Reason.USED_UP_BY_CUSTOMER: "you have used it as often as one may",
    Reason.NEEDS_CUSTOMER: "it is for customers who have signed in",
}


@dataclass(frozen=True, slots=True)
class Coupon:
    """A code in capitals, its promotion, and how often it may be used in all and by one customer (None: without limit).

    `version` counts how often somebody set it. Uses leave it as it is.
    """

    id: str
    promotion_id: str
    most_uses: int | None = None
    most_uses_by_customer: int | None = None
    validity: Validity = ALWAYS
    used: int = 0
    version: int = 0

    def why_refused(self, customer_id: str | None, *, used_by_customer: int, at: float) -> Reason | None:
        """Return why this customer, who used it so often before, cannot use it now; None when they can."""
        if not self.validity.covers(at):
            return Reason.NOT_VALID_NOW
        if self.most_uses is not None and self.used >= self.most_uses:
            return Reason.USED_UP
        if self.most_uses_by_customer is None:
            return None
        if not is_known(customer_id):
            return Reason.NEEDS_CUSTOMER
        return Reason.USED_UP_BY_CUSTOMER if used_by_customer >= self.most_uses_by_customer else None


def is_known(customer_id: str | None) -> bool:
    """Return whether this is a customer who comes again as the same."""
    return customer_id is not None and customer_id.startswith(CUSTOMER)


class Status(StrEnum):
    """Where the coupons of an order are."""

    REDEEMED = "redeemed"
    REFUSED = "refused"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first code that cannot be used, and why."""

    code: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Redemption:
    """What an order has used; its id is the order's."""

    id: str
    status: Status
    customer_id: str = ""
    quote_id: str = ""
    codes: tuple[str, ...] = ()
    refusal: Refusal | None = None
    revision: Revision = NEW

    def release(self) -> Decision:
        """Make everything free again that the order has used."""
        if self.status is Status.RELEASED:
            return self.again()
        uses = -1 if self.status is Status.REDEEMED else 0
        return Decision(replace(self, status=Status.RELEASED, refusal=None), uses)

    def again(self) -> Decision:
        """Answer a repeated request with the state that the first one led to."""
        return Decision(self, 0)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an order has used from now on, by how much the uses of each of its codes change, and the coupons that this stands on."""

    redemption: Redemption
    uses: int
    coupons: Mapping[str, Coupon] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redeem:
    """An order wants to use these codes, each once, for the quote that it stands on."""

    order_id: str
    customer_id: str
    quote_id: str
    codes: tuple[str, ...]


def redeem(wanted: Redeem, *, coupons: Mapping[str, Coupon], used_by_customer: Mapping[str, int], at: float) -> Decision:
    """Use all codes, or none. What held when the order's quote was made holds for as long as a quote does."""
    redemption = Redemption(wanted.order_id, Status.REDEEMED, wanted.customer_id, wanted.quote_id, wanted.codes)
    for code in wanted.codes:
        reason = _reason(coupons.get(code), wanted.customer_id, used_by_customer.get(code, 0), at)
        if reason is not None:
            return Decision(replace(redemption, status=Status.REFUSED, refusal=Refusal(code, reason)), 0)
    return Decision(redemption, 1, coupons)


def released_before_it_was_redeemed(order_id: str) -> Decision:
    """Remember a release that came first: a request to redeem that comes later uses nothing."""
    return Decision(Redemption(order_id, Status.RELEASED), 0)


def refusals_of(
    codes: Sequence[str], customer_id: str | None, *, coupons: Mapping[str, Coupon], used_by_customer: Mapping[str, int], at: float
) -> Sequence[tuple[int, Refusal]]:
    """Return which of these codes, by their place, cannot be used now, and why."""
    found = []
    for index, code in enumerate(codes):
        coupon = coupons.get(code)
        uses = used_by_customer.get(code, 0)
        reason = coupon.why_refused(customer_id, used_by_customer=uses, at=at) if coupon else Reason.UNKNOWN
        if reason is not None:
            found.append((index, Refusal(code, reason)))
    return found


def _reason(coupon: Coupon | None, customer_id: str, uses: int, at: float) -> Reason | None:
    if coupon is None:
        return Reason.UNKNOWN
    reasons = [coupon.why_refused(customer_id, used_by_customer=uses, at=moment) for moment in (at, at - LIFETIME_SECONDS)]
    return reasons[0] if all(reasons) else None
