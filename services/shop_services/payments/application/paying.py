"""The use cases of payments: each command takes effect once and is answered every time.

The provider is called before the payment is written. A crash between the two is healed by the redelivered command: it calls
again under
the same key, which moves no money a second time, and then writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shop_kit.errors import Conflict, Invalid
from shop_kit.shared_kernel import Money

from shop_services.payments.application.ports import HandledBefore, PaymentBook, PaymentProvider, Stale
from shop_services.payments.domain.payment import (
    Payment,
    Refund,
    RefundNotPossible,
    Refusal,
    Step,
    authorised,
    declined,
    voided_before_it_was_authorised,
)

ATTEMPTS = 5
WHOLE_REFUND = "whole"
"""The refund that undoes an order has a name of its own: a payment has at most one."""


class PaymentUnknown(Invalid):
    """There is no payment under this id."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(f"there is no payment {payment_id}")
        self.payment_id = payment_id


class TooContended(Conflict):
    """The payment changed under every attempt: the message is tried again later."""

    def __init__(self) -> None:
        super().__init__("the payment", f"{ATTEMPTS} decisions in a row were overtaken")


class RefundRefused(Exception):
    """The provider does not give the money back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.explanation}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Authorise:
    """Hold an amount on a customer's payment method. The token is not shown: it must reach no log."""

    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    method_token: str

    def __repr__(self) -> str:
        return f"Authorise({self.payment_id}, {self.order_id}, {self.amount})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A payment as it is to be written, and the refund that led there, if one did."""

    payment: Payment
    refund: Refund | None = None


async def authorise_payment(command: Authorise, *, book: PaymentBook, provider: PaymentProvider, handling: str) -> Payment:
    """Hold the amount, or decline; answer a repeated request with the state the payment is in."""
    if command.amount.minor_units < 1:
        raise Invalid(f"payment {command.payment_id}: {command.amount} cannot be held")

    async def decide(*, fresh: bool) -> Outcome:
        # Read even the first time: no money may be held for a payment that was voided before.
        existing = await book.find(command.payment_id, fresh=fresh)
        if existing is not None:
            return Outcome(existing.again())
        refusal = await provider.authorise(command.payment_id, command.order_id, command.amount, method_token=command.method_token)
        identity = (command.payment_id, command.order_id, command.customer_id, command.amount)
        return Outcome(declined(*identity, refusal) if refusal else authorised(*identity))

    return await _settle(decide, book=book, handling=handling)


async def capture_payment(payment_id: str, *, book: PaymentBook, provider: PaymentProvider, handling: str) -> Payment:
    """Take what is held. Raises PaymentUnknown."""

    async def decide(*, fresh: bool) -> Outcome:
        payment = await book.find(payment_id, fresh=fresh)
        if payment is None:
            raise PaymentUnknown(payment_id)
        if payment.step_to_capture() is Step.NONE:
            return Outcome(payment.again())
        refusal = await provider.capture(payment_id)
        return Outcome(payment.capture_refused(refusal) if refusal else payment.captured())

    return await _settle(decide, book=book, handling=handling)


async def void_payment(payment_id: str, order_id: str, *, book: PaymentBook, provider: PaymentProvider, handling: str) -> Payment:
    """Let go of what is held; when nothing is, see to it that nothing will be."""

    async def decide(*, fresh: bool) -> Outcome:
        del fresh  # what lets go of money is never decided from memory
        payment = await book.find(payment_id, fresh=True)
        if payment is None:
            return Outcome(voided_before_it_was_authorised(payment_id, order_id))
        if payment.step_to_void() is Step.VOID:
            await provider.void(payment_id)
            return Outcome(payment.voided())
        return Outcome(payment.voided() if payment.void_leaves_nothing() else payment.again())

    return await _settle(decide, book=book, handling=handling)


async def refund_payment(payment_id: str, order_id: str, *, book: PaymentBook, provider: PaymentProvider, handling: str) -> Payment:
    """Give back all that was taken and is not given back yet; what was only held is let go. Raises RefundRefused."""

    async def decide(*, fresh: bool) -> Outcome:
        del fresh  # what gives money back is never decided from memory
        payment = await book.find(payment_id, fresh=True)
        if payment is None:
            return Outcome(voided_before_it_was_authorised(payment_id, order_id))
        left = payment.refundable
        match payment.step_to_refund():
            case Step.REFUND if left is not None:
                return await _refunded(payment, Refund(WHOLE_REFUND, left, "the order was undone"), provider)
            case Step.VOID:
                await provider.void(payment_id)
                return Outcome(payment.voided())
            case _:
                return Outcome(payment.voided() if payment.void_leaves_nothing() else payment.again())

    return await _settle(decide, book=book, handling=handling)


async def refund_part(
    payment_id: str, refund_id: str, amount: Money | None, reason: str, *, book: PaymentBook, provider: PaymentProvider
) -> Payment:
    """Give back `amount` (None: all that is left) under `refund_id`, once however often it is asked for.

    Raises PaymentUnknown, RefundNotPossible, RefundRefused.
    """

    async def decide(*, fresh: bool) -> Outcome | Payment:
        del fresh
        payment = await book.find(payment_id, fresh=True)
        if payment is None:
            raise PaymentUnknown(payment_id)
        if any(refund.id == refund_id for refund in payment.refunds):
            return payment
        left = payment.refundable
        if left is None or left.minor_units == 0:
            raise RefundNotPossible(f"payment {payment_id} has nothing to give back")
        refund = Refund(refund_id, amount or left, reason)
        payment.refunded(refund)  # refuse what cannot be before the provider is asked
        return await _refunded(payment, refund, provider)

    return await _settle(decide, book=book, handling=None)


async def _refunded(payment: Payment, refund: Refund, provider: PaymentProvider) -> Outcome:
    refusal = await provider.refund(payment.id, refund.id, refund.amount)
    if refusal:
        raise RefundRefused(refusal)
    return Outcome(payment.refunded(refund), refund)


async def _settle(
    decide: Callable[..., Awaitable[Outcome | Payment]] | Callable[..., Awaitable[Outcome]],
    *,
    book: PaymentBook,
    handling: str | None,
) -> Payment:
    for attempt in range(ATTEMPTS):
        outcome = await decide(fresh=attempt > 0)
        if isinstance(outcome, Payment):
            return outcome
        try:
            await book.record(outcome.payment, handling=handling, refund=outcome.refund)
        except Stale:
            continue
        except HandledBefore:
            pass
        return outcome.payment
    raise TooContended


async def voided_by_provider(payment_id: str, *, book: PaymentBook, handling: str) -> Payment:
    """Take in that the provider let go of what it held. Raises PaymentUnknown."""

    async def decide(*, fresh: bool) -> Outcome | Payment:
        payment = await book.find(payment_id, fresh=fresh)
        if payment is None:
            raise PaymentUnknown(payment_id)
        return Outcome(payment.voided()) if payment.step_to_void() is Step.VOID else payment

    return await _settle(decide, book=book, handling=handling)


async def refunded_by_provider(payment_id: str, refund_id: str, amount: Money, *, book: PaymentBook, handling: str) -> Payment:
    """Take in that the provider gave money back by itself (from its own console). Raises PaymentUnknown, RefundNotPossible."""

    async def decide(*, fresh: bool) -> Outcome | Payment:
        payment = await book.find(payment_id, fresh=fresh)
        if payment is None:
            raise PaymentUnknown(payment_id)
        if any(refund.id == refund_id for refund in payment.refunds):
            return payment
        refund = Refund(refund_id, amount, "refunded at the provider")
        return Outcome(payment.refunded(refund), refund)

    return await _settle(decide, book=book, handling=handling)
