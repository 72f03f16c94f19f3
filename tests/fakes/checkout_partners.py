"""Inventory, pricing and payments as the checkout saga meets them: they obey the contract's rules, and each answers with a fact.

Rules, from the `commands.proto` of `inventory/v1`, `pricing/v1` and `payments/v1`: a command takes effect once however often it
comes, and each time it is answered with the state things are in; what was released or voided stays so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shop_kit.shared_kernel import Money
from shop_services.orders.domain.checkout import (
    Answer,
    AuthorisePayment,
    CaptureHasFailed,
    CapturePayment,
    CommitStock,
    CouponCommand,
    CouponsWereRedeemed,
    CouponsWereRefused,
    CouponsWereReleased,
    PaymentCommand,
    PaymentWasAuthorised,
    PaymentWasCaptured,
    PaymentWasDeclined,
    PaymentWasRefunded,
    PaymentWasVoided,
    RedeemCoupons,
    RefundHasFailed,
    RefundPayment,
    ReleaseCoupons,
    ReleaseStock,
    ReserveStock,
    StockCommand,
    StockWasCommitted,
    StockWasRejected,
    StockWasReleased,
    StockWasReserved,
    VoidPayment,
)


@dataclass
class PartnerInventory:
    """One reservation's worth of inventory. `state` is none, reserved, sold, rejected or released."""

    is_short: bool = False
    state: str = "none"
    times_reserved: int = 0

    def obey(self, command: StockCommand) -> Answer:
        match command, self.state:
            case ReserveStock(), "none" if self.is_short:
                self.state = "rejected"
            case ReserveStock(), "none":
                self.state = "reserved"
                self.times_reserved += 1
            case CommitStock(), "reserved":
                self.state = "sold"
            case ReleaseStock(), _:
                self.state = "released"
        return self.answer()

    def expire(self) -> Answer | None:
        """Let the reservation run out; what is sold stays sold."""
        if self.state != "reserved":
            return None
        self.state = "released"
        return StockWasReleased()

    def answer(self) -> Answer:
        match self.state:
            case "reserved":
                return StockWasReserved()
            case "sold":
                return StockWasCommitted()
            case "rejected":
                return StockWasRejected(short_skus=("sku-1",))
            case _:
                return StockWasReleased()


@dataclass
class PartnerPricing:
    """The coupons of one order. `state` is none, redeemed, refused or released."""

    refuses: bool = False
    state: str = "none"
    times_redeemed: int = 0

    def obey(self, command: CouponCommand) -> Answer:
        match command, self.state:
            case RedeemCoupons(), "none" if self.refuses:
                self.state = "refused"
            case RedeemCoupons(), "none":
                self.state = "redeemed"
                self.times_redeemed += 1
            case ReleaseCoupons(), _:
                self.state = "released"
        return self.answer()

    def answer(self) -> Answer:
        match self.state:
            case "redeemed":
                return CouponsWereRedeemed()
            case "refused":
                return CouponsWereRefused("AUTUMN was used up.")
            case _:
                return CouponsWereReleased()


@dataclass
class PartnerPayments:
    """One payment, whose `state` is none, authorised, declined, captured, failed, voided, refunded or owed.

    The ledger is in minor units.
    """

    declines: bool = False
    fails_to_capture: bool = False
    refuses_refunds: bool = False
    state: str = "none"
    authorised: Money | None = None
    charges: list[int] = field(default_factory=list)

    def obey(self, command: PaymentCommand) -> Answer:
        match command, self.state:
            case AuthorisePayment(amount=amount), "none":
                self.state = "declined" if self.declines else "authorised"
                self.authorised = amount
            case CapturePayment(), "authorised" if self.fails_to_capture:
                self.state = "failed"
            case CapturePayment(), "authorised":
                self.state = "captured"
                self.charges.append(self.authorised.minor_units if self.authorised else 0)
            case ((VoidPayment() | RefundPayment()), ("none" | "authorised" | "declined" | "failed")):
                self.state = "voided"
            case RefundPayment(), "captured" if self.refuses_refunds:
                self.state = "owed"
            case RefundPayment(), "captured":
                self.state = "refunded"
                self.charges.append(-(self.authorised.minor_units if self.authorised else 0))
        return self.answer()

    def answer(self) -> Answer:  # noqa: PLR0911 - a table of cases, one return each
        match self.state:
            case "authorised":
                return PaymentWasAuthorised()
            case "declined":
                return PaymentWasDeclined("The card was declined.")
            case "captured":
                return PaymentWasCaptured()
            case "failed":
                return CaptureHasFailed("The authorisation has expired.")
            case "refunded":
                return PaymentWasRefunded()
            case "owed":
                return RefundHasFailed("The account is closed.")
            case _:
                return PaymentWasVoided()
