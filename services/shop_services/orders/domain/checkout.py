"""The checkout saga, as pure decisions.

    reserve stock -> (redeem coupons) -> authorise payment -> commit stock -> capture payment -> completed

What is paid was quoted before: the order takes the quote's lines and prices, and asks for nothing else. Coupons are redeemed only
where the quote counts on them, and before any money is asked for: who cannot have the price is not charged another. Stock is
committed before money is captured: a reservation that ran out then costs a void, not a refund. When a step fails, the order begins
compensation: it asks for everything back that it may have got, waits until that is confirmed, and ends as rejected or cancelled.

What an order waits for follows from its state alone (`awaited`), so a saga that went silent is resumed by asking again. That is
safe, since inventory and payments answer a repeated command with the state they are in, without doing it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shop_kit.shared_kernel import Money

from shop_services.orders.domain.order import (
    Cancellation,
    CompensationBegun,
    Coupons,
    CouponsRedeemed,
    CouponsReturned,
    Ending,
    Event,
    Order,
    OrderCancelled,
    OrderCompleted,
    OrderRejected,
    Payment,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentReturned,
    RefundedInPart,
    RefundFailed,
    Rejection,
    RejectionReason,
    Stage,
    Stock,
    StockReserved,
    StockReturned,
    StockSold,
    evolve,
)
from shop_services.orders.domain.quote import Line

# What the saga asks of others.


@dataclass(frozen=True, slots=True)
class ReserveStock:
    """Hold all lines for this order, or none."""

    reservation_id: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class CommitStock:
    """Turn the reservation into a sale."""

    reservation_id: str


@dataclass(frozen=True, slots=True)
class ReleaseStock:
    """Put back what is held or sold for this order."""

    reservation_id: str


@dataclass(frozen=True, slots=True)
class RedeemCoupons:
    """Use all coupons of the quote for this order, or none."""

    order_id: str
    customer_id: str
    quote_id: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseCoupons:
    """Make the coupons of this order free again."""

    order_id: str


@dataclass(frozen=True, slots=True)
class AuthorisePayment:
    """Hold the amount on the customer's card."""

    payment_id: str
    customer_id: str
    amount: Money
    payment_method_token: str


@dataclass(frozen=True, slots=True)
class CapturePayment:
    """Take what is held."""

    payment_id: str


@dataclass(frozen=True, slots=True)
class VoidPayment:
    """Let go of what is held."""

    payment_id: str


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """Give back what was taken."""

    payment_id: str


StockCommand = ReserveStock | CommitStock | ReleaseStock
PaymentCommand = AuthorisePayment | CapturePayment | VoidPayment | RefundPayment
CouponCommand = RedeemCoupons | ReleaseCoupons
Command = StockCommand | CouponCommand | PaymentCommand

# What others answer: each answer is a fact about a reservation, coupons or a payment.


@dataclass(frozen=True, slots=True)
class StockWasReserved:
    """All lines are held."""


@dataclass(frozen=True, slots=True)
class StockWasRejected:
    """`unknown_skus` and `short_skus` name the articles it failed on."""

    unknown_skus: tuple[str, ...] = ()
    short_skus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StockWasCommitted:
    """The reservation became a sale."""


@dataclass(frozen=True, slots=True)
class StockWasReleased:
    """Asked for, or because the reservation ran out."""


@dataclass(frozen=True, slots=True)
class CouponsWereRedeemed:
    """All coupons are used for this order."""


@dataclass(frozen=True, slots=True)
class CouponsWereRefused:
    """None is used; `explanation` is a sentence for the customer."""

    explanation: str


@dataclass(frozen=True, slots=True)
class CouponsWereReleased:
    """None is used any more."""


@dataclass(frozen=True, slots=True)
class PaymentWasAuthorised:
    """The amount is held."""


@dataclass(frozen=True, slots=True)
class PaymentWasDeclined:
    """The amount cannot be held; `explanation` is the provider's."""

    explanation: str


@dataclass(frozen=True, slots=True)
class PaymentWasCaptured:
    """The amount is taken."""


@dataclass(frozen=True, slots=True)
class CaptureHasFailed:
    """What was held could not be taken; `explanation` is the provider's."""

    explanation: str


@dataclass(frozen=True, slots=True)
class PaymentWasVoided:
    """Nothing is held any more."""


@dataclass(frozen=True, slots=True)
class PaymentWasRefunded:
    """All that was taken is given back."""


@dataclass(frozen=True, slots=True)
class PaymentWasRefundedInPart:
    """Some of what was taken is given back; the rest, `still_taken` in minor units, is not."""

    still_taken: int


@dataclass(frozen=True, slots=True)
class RefundHasFailed:
    """What was taken is still taken: the provider refused for good to give it back; `explanation` is the provider's."""

    explanation: str


Answer = (
    StockWasReserved
    | StockWasRejected
    | StockWasCommitted
    | StockWasReleased
    | CouponsWereRedeemed
    | CouponsWereRefused
    | CouponsWereReleased
    | PaymentWasAuthorised
    | PaymentWasDeclined
    | PaymentWasCaptured
    | CaptureHasFailed
    | PaymentWasVoided
    | PaymentWasRefunded
    | PaymentWasRefundedInPart
    | RefundHasFailed
)


class AlreadyEnded(Exception):
    """The order is final, so it cannot be cancelled any more."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(f"the order is {stage} already")
        self.stage = stage


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens now: events to record and commands to send, together or not at all. `order` is the order after the events."""

    order: Order
    events: tuple[Event, ...] = ()
    commands: tuple[Command, ...] = ()


def awaited(order: Order) -> tuple[Command, ...]:  # noqa: PLR0911 - a table of cases, one return each
    """Return the commands whose answers the order waits for; none when it is final."""
    match order.stage:
        case Stage.RESERVING:
            return (ReserveStock(order.reservation_id, order.quote.lines),)
        case Stage.REDEEMING:
            return (RedeemCoupons(order.id, order.customer_id, order.quote.id, order.quote.coupons),)
        case Stage.AUTHORISING:
            return (AuthorisePayment(order.payment_id, order.customer_id, order.total, order.payment_method_token),)
        case Stage.COMMITTING:
            return (CommitStock(order.reservation_id),)
        case Stage.CAPTURING:
            return (CapturePayment(order.payment_id),)
        case Stage.COMPENSATING:
            return (*_stock_to_return(order), *_coupons_to_return(order), *_payment_to_return(order))
        case Stage.COMPLETED | Stage.REJECTED | Stage.CANCELLED:
            return ()


def answered(order: Order, answer: Answer, *, at: datetime) -> Decision:
    """Decide what an answer from inventory, pricing or payments leads to. An answer that tells nothing new leads to nothing."""
    learned = _learn(order, answer)
    decision = _decide(order, learned, at=at)
    return Decision(decision.order, decision.events, (*decision.commands, *_undo_stray(order, answer)))


def cancelled(order: Order, explanation: str, *, at: datetime) -> Decision:
    """Decide what a customer's wish to cancel leads to. A second wish leads to nothing. Raises AlreadyEnded."""
    if order.stage is Stage.COMPENSATING or order.stage is Stage.CANCELLED:
        return Decision(order)
    if order.stage.is_final:
        raise AlreadyEnded(order.stage)
    return _decide(order, [CompensationBegun(Cancellation(explanation))], at=at)


def may_be_given_up(order: Order) -> bool:
    """Return whether an order that takes too long may be given up.

    Once capture is asked for, or compensation has begun, nothing is gained by it: going either way needs the same answer, so the
    order goes on waiting for it.
    """
    return order.stage in {Stage.RESERVING, Stage.REDEEMING, Stage.AUTHORISING, Stage.COMMITTING}


def timed_out(order: Order, *, at: datetime) -> Decision:
    """Decide what happens when an order has waited too long: nothing, where it may not be given up."""
    if may_be_given_up(order):
        return _decide(order, [_reject(RejectionReason.TIMED_OUT, "The order could not be processed in time.")], at=at)
    return Decision(order)


def _learn(order: Order, answer: Answer) -> list[Event]:  # noqa: PLR0911, PLR0912 - a table of cases, one return each
    """Return what an answer tells an order that it did not know yet."""
    if order.stage.is_final:
        return _learn_after_the_end(order, answer)
    if order.stage is Stage.COMPENSATING:
        return _learn_while_compensating(order, answer)
    match order.stage, answer:
        case Stage.RESERVING, StockWasReserved():
            return [StockReserved()] if order.quote.coupons else [StockReserved(), *_paid_if_free(order)]
        case Stage.RESERVING, StockWasRejected():
            return [StockReturned(), _reject_for_stock(answer)]
        case Stage.REDEEMING, CouponsWereRedeemed():
            return [CouponsRedeemed(), *_paid_if_free(order)]
        case Stage.REDEEMING, CouponsWereRefused(explanation):
            return [CouponsReturned(), _reject(RejectionReason.COUPON_REFUSED, explanation)]
        case Stage.AUTHORISING, PaymentWasAuthorised():
            return [PaymentAuthorised()]
        case Stage.AUTHORISING, PaymentWasDeclined(explanation):
            return [PaymentReturned(), _reject(RejectionReason.PAYMENT_DECLINED, explanation)]
        case Stage.COMMITTING, StockWasCommitted():
            return [StockSold(), PaymentCaptured(), OrderCompleted()] if order.is_free else [StockSold()]
        case Stage.CAPTURING, PaymentWasCaptured():
            return [PaymentCaptured(), OrderCompleted()]
        case Stage.CAPTURING, CaptureHasFailed(explanation):
            return [PaymentReturned(), _reject(RejectionReason.PAYMENT_FAILED, explanation)]
        case _, StockWasReleased():
            return [
                StockReturned(),
                _reject(RejectionReason.RESERVATION_EXPIRED, "The reservation ran out before the order was paid."),
            ]
        case _, CouponsWereReleased() if order.coupons is not Coupons.NONE:
            return [CouponsReturned(), _reject(RejectionReason.COUPON_REFUSED, "A coupon was withdrawn.")]
        case _, PaymentWasVoided() | PaymentWasRefunded():
            return [PaymentReturned(), _reject(RejectionReason.PAYMENT_FAILED, "The payment was withdrawn.")]
    return []


def _learn_while_compensating(order: Order, answer: Answer) -> list[Event]:  # noqa: PLR0911 - as above
    match answer:
        case StockWasReleased() | StockWasRejected() if order.stock is not Stock.RETURNED:
            return [StockReturned()]
        case CouponsWereReleased() | CouponsWereRefused() if _coupons_to_return(order):
            return [CouponsReturned()]
        case PaymentWasCaptured() if order.payment in {Payment.ASKED, Payment.AUTHORISED}:
            return [PaymentCaptured()]
        case PaymentWasVoided() | PaymentWasRefunded() | PaymentWasDeclined() | CaptureHasFailed() if _payment_to_return(order):
            return [PaymentReturned()]
        case RefundHasFailed(explanation) if order.payment is Payment.CAPTURED:
            return [RefundFailed(explanation)]
        case PaymentWasRefunded() if order.payment is Payment.OWED:
            return [PaymentReturned()]
        case PaymentWasRefundedInPart(still_taken) if order.payment in {Payment.CAPTURED, Payment.OWED}:
            return _learn_what_is_left(order, still_taken)
    return []


def _learn_after_the_end(order: Order, answer: Answer) -> list[Event]:
    """Return what still matters when the order is final: whether the shop owes its customer money."""
    match order.payment, answer:
        case Payment.RETURNED, RefundHasFailed(explanation) if order.stage is not Stage.COMPLETED:
            return [RefundFailed(explanation)]  # of money that came after the end, and was asked back
        case Payment.OWED, PaymentWasRefunded():
            return [PaymentReturned()]
        case Payment.OWED, PaymentWasRefundedInPart(still_taken):
            return _learn_what_is_left(order, still_taken)
    return []


def _learn_what_is_left(order: Order, still_taken: int) -> list[Event]:
    """Money goes back in parts: an order that is owed some knows how much."""
    return [RefundedInPart(still_taken)] if still_taken != order.still_taken else []


def _decide(order: Order, learned: Sequence[Event], *, at: datetime) -> Decision:
    """Record what was learned, end the order when nothing is left to undo, and ask for what is newly awaited."""
    after = _evolve_all(order, learned, at=at)
    ending = _end(after)
    events = (*learned, *ending)
    known = awaited(order)
    after = _evolve_all(after, ending, at=at)
    return Decision(after, events, tuple(command for command in awaited(after) if command not in known))


def _end(order: Order) -> list[Event]:
    if order.stage is not Stage.COMPENSATING or awaited(order):
        return []
    match order.ending:
        case Rejection():
            return [OrderRejected(order.ending)]
        case Cancellation():
            return [OrderCancelled(order.ending)]
        case None:
            raise ValueError(f"{order.id} compensates without an ending")


def _undo_stray(order: Order, answer: Answer) -> tuple[Command, ...]:
    """Return what undoes something that was got after it had been given back: it should not happen, and must not stay."""
    match answer:
        case StockWasReserved() | StockWasCommitted() if order.stock is Stock.RETURNED:
            return (ReleaseStock(order.reservation_id),)
        case CouponsWereRedeemed() if order.coupons is Coupons.RETURNED:
            return (ReleaseCoupons(order.id),)
        case PaymentWasAuthorised() if order.payment is Payment.RETURNED:
            return (VoidPayment(order.payment_id),)
        case PaymentWasCaptured() if order.payment is Payment.RETURNED:
            return (RefundPayment(order.payment_id),)
    return ()


def _paid_if_free(order: Order) -> list[Event]:
    """Nobody is asked for nothing: a free order is as good as paid."""
    return [PaymentAuthorised()] if order.is_free else []


def _reject_for_stock(answer: StockWasRejected) -> CompensationBegun:
    if answer.unknown_skus:
        return _reject(RejectionReason.UNKNOWN_SKU, f"There is no such article: {', '.join(answer.unknown_skus)}.")
    return _reject(RejectionReason.OUT_OF_STOCK, f"Not enough in stock: {', '.join(answer.short_skus)}.")


def _reject(reason: RejectionReason, explanation: str) -> CompensationBegun:
    ending: Ending = Rejection(reason, explanation)
    return CompensationBegun(ending)


def _stock_to_return(order: Order) -> tuple[Command, ...]:
    return () if order.stock is Stock.RETURNED else (ReleaseStock(order.reservation_id),)


def _coupons_to_return(order: Order) -> tuple[Command, ...]:
    return (ReleaseCoupons(order.id),) if order.coupons in {Coupons.ASKED, Coupons.REDEEMED} else ()


def _payment_to_return(order: Order) -> tuple[Command, ...]:
    match order.payment:
        case Payment.NONE | Payment.RETURNED | Payment.OWED:
            return ()
        case Payment.CAPTURED:
            return (RefundPayment(order.payment_id),)
        case Payment.ASKED | Payment.AUTHORISED:
            return (VoidPayment(order.payment_id),)


def _evolve_all(order: Order, events: Sequence[Event], *, at: datetime) -> Order:
    for event in events:
        order = evolve(order, event, at=at)
    return order
