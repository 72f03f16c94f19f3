"""An order: what it is made of, what can happen to it, and how its history folds into its present."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shop_kit.shared_kernel import Money

from shop_services.orders.domain.quote import Quote


class Stage(StrEnum):
    """How far the checkout of an order is: which answer it waits for, or how it ended."""

    RESERVING = "reserving"
    REDEEMING = "redeeming"  # only an order whose quote counts on coupons
    AUTHORISING = "authorising"
    COMMITTING = "committing"
    CAPTURING = "capturing"
    COMPENSATING = "compensating"  # something failed or the customer withdrew; what was done is being undone
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self in {Stage.COMPLETED, Stage.REJECTED, Stage.CANCELLED}


class Stock(StrEnum):
    """What the order knows about its goods. `asked` may mean held: the answer is not there yet."""

    ASKED = "asked"
    RESERVED = "reserved"
    SOLD = "sold"
    RETURNED = "returned"


class Coupons(StrEnum):
    """What the order knows about its coupons. `asked` may mean redeemed: the answer is not there yet."""

    NONE = "none"
    ASKED = "asked"
    REDEEMED = "redeemed"
    RETURNED = "returned"


class Payment(StrEnum):
    """What the order knows about its money. `asked` may mean authorised, and `authorised` may mean captured by now."""

    NONE = "none"
    ASKED = "asked"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    RETURNED = "returned"
    OWED = "owed"  # taken, and the provider refuses to give it back: a person has to


class RejectionReason(StrEnum):
    """Why the shop could not fulfil an order."""

    OUT_OF_STOCK = "out-of-stock"
    UNKNOWN_SKU = "unknown-sku"
    PAYMENT_DECLINED = "payment-declined"
    PAYMENT_FAILED = "payment-failed"
    RESERVATION_EXPIRED = "reservation-expired"
    TIMED_OUT = "timed-out"
    COUPON_REFUSED = "coupon-refused"


@dataclass(frozen=True, slots=True)
class Rejection:
    """The shop's side ended the order. `explanation` is a sentence for the customer."""

    reason: RejectionReason
    explanation: str


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The customer's side ended the order. `explanation` is what the customer gave, maybe nothing."""

    explanation: str


Ending = Rejection | Cancellation


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The order is written down, at the prices of its quote; nothing else has happened."""

    customer_id: str
    quote: Quote
    payment_method_token: str


@dataclass(frozen=True, slots=True)
class StockReserved:
    """Stock is held for all lines."""


@dataclass(frozen=True, slots=True)
class CouponsRedeemed:
    """The coupons of the quote are used for this order."""


@dataclass(frozen=True, slots=True)
class PaymentAuthorised:
    """The customer's money is held, not yet taken."""


@dataclass(frozen=True, slots=True)
class StockSold:
    """The reservation became a sale."""


@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    """The customer's money is taken."""


@dataclass(frozen=True, slots=True)
class CompensationBegun:
    """From here on the order only goes back, and ends as `ending` says."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class StockReturned:
    """Nothing is held or sold for this order."""


@dataclass(frozen=True, slots=True)
class CouponsReturned:
    """No coupon is used for this order."""


@dataclass(frozen=True, slots=True)
class PaymentReturned:
    """Nothing of the customer's money is held or taken for this order."""


@dataclass(frozen=True, slots=True)
class RefundedInPart:
    """Some of what was taken was given back; the rest, `still_taken` in minor units, was not."""

    still_taken: int


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """The customer's money is taken, and the provider refused for good to give it back. `explanation` is the provider's."""

    explanation: str


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    """Goods are sold and paid: the good end."""


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The shop could not fulfil it, and everything is given back, but for money that is owed."""

    rejection: Rejection


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The customer did not want it any more, and everything is given back, but for money that is owed."""

    cancellation: Cancellation


Event = (
    OrderAccepted
    | StockReserved
    | CouponsRedeemed
    | PaymentAuthorised
    | StockSold
    | PaymentCaptured
    | CompensationBegun
    | StockReturned
    | CouponsReturned
    | PaymentReturned
    | RefundedInPart
    | RefundFailed
    | OrderCompleted
    | OrderRejected
    | OrderCancelled
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands after `version` events."""

    id: str
    version: int
    customer_id: str
    quote: Quote
    payment_method_token: str
    accepted_at: datetime
    updated_at: datetime
    stage: Stage = Stage.RESERVING
    stock: Stock = Stock.ASKED
    coupons: Coupons = Coupons.NONE
    payment: Payment = Payment.NONE
    ending: Ending | None = None
    still_taken: int | None = None
    """What is left of the customer's money after a part was given back, in minor units; None: all that was taken."""

    @property
    def total(self) -> Money:
        """What is to be paid: the quote's total."""
        return self.quote.due

    @property
    def is_free(self) -> bool:
        """Whether nothing is to be paid."""
        return self.quote.total == 0

    @property
    def refund_owed(self) -> Money | None:
        """What the shop owes the customer because the provider refused to give it back; None when it owes nothing."""
        if self.payment is not Payment.OWED:
            return None
        return self.total if self.still_taken is None else Money(self.total.currency, self.still_taken)

    @property
    def reservation_id(self) -> str:
        """One reservation covers the whole order, so its id follows from the order's."""
        return self.id.replace("ord_", "res_", 1)

    @property
    def payment_id(self) -> str:
        """One payment pays the whole order, so its id follows from the order's."""
        return self.id.replace("ord_", "pay_", 1)


def begin(order_id: str, accepted: OrderAccepted, *, at: datetime) -> Order:
    """Return the order that its first event makes."""
    return Order(
        id=order_id,
        version=1,
        customer_id=accepted.customer_id,
        quote=accepted.quote,
        payment_method_token=accepted.payment_method_token,
        accepted_at=at,
        updated_at=at,
    )


def evolve(order: Order, event: Event, *, at: datetime) -> Order:  # noqa: PLR0911, PLR0912 - a table of cases, one return each
    """Return the order after one more event. Knows no rules: whatever is in the history has happened."""
    order = replace(order, version=order.version + 1, updated_at=at)
    match event:
        case OrderAccepted():
            raise ValueError(f"{order.id} was accepted twice: version {order.version} repeats the first event")
        case StockReserved():
            reserved = replace(order, stock=Stock.RESERVED)
            if order.quote.coupons:
                return replace(reserved, stage=Stage.REDEEMING, coupons=Coupons.ASKED)
            return replace(reserved, stage=Stage.AUTHORISING, payment=Payment.ASKED)
        case CouponsRedeemed():
            return replace(order, stage=Stage.AUTHORISING, coupons=Coupons.REDEEMED, payment=Payment.ASKED)
        case PaymentAuthorised():
            return replace(order, stage=Stage.COMMITTING, payment=Payment.AUTHORISED)
        case StockSold():
            return replace(order, stage=Stage.CAPTURING, stock=Stock.SOLD)
        case PaymentCaptured():
            return replace(order, payment=Payment.CAPTURED)
        case CompensationBegun(ending):
            return replace(order, stage=Stage.COMPENSATING, ending=ending)
        case StockReturned():
            return replace(order, stock=Stock.RETURNED)
        case CouponsReturned():
            return replace(order, coupons=Coupons.RETURNED)
        case PaymentReturned():
            return replace(order, payment=Payment.RETURNED)
        case RefundedInPart(still_taken):
            return replace(order, still_taken=still_taken)
        case RefundFailed():
            return replace(order, payment=Payment.OWED)
        case OrderCompleted():
            return replace(order, stage=Stage.COMPLETED)
        case OrderRejected(rejection):
            return replace(order, stage=Stage.REJECTED, ending=rejection)
        case OrderCancelled(cancellation):
            return replace(order, stage=Stage.CANCELLED, ending=cancellation)


def fold(order_id: str, history: Iterable[tuple[Event, datetime]]) -> Order:
    """Return the order that its whole history makes, oldest event first. Raises ValueError for a history that no order has."""
    events = iter(history)
    first, accepted_at = next(events, (None, None))
    if not isinstance(first, OrderAccepted) or accepted_at is None:
        raise ValueError(f"the history of {order_id} does not begin with its acceptance")
    order = begin(order_id, first, at=accepted_at)
    for event, at in events:
        order = evolve(order, event, at=at)
    return order
