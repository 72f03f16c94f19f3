"""The use cases of holding, taking and letting go of money: each command takes effect once and is answered every time.

The provider is called before the payment is written. A crash between the two is healed by the redelivered command: it calls
again under the same key, which moves no money a second time, and then writes. Refunds are in `refunding`.
"""

from __future__ import annotations

from dataclasses import dataclass

from shop_kit.aggregates import decide_and_record
from shop_kit.errors import Invalid
from shop_kit.shared_kernel import Money

from shop_services.payments.application.ports import PaymentProvider, PaymentRepository
from shop_services.payments.domain.payment import (
    Payment,
    Status,
    Step,
    authorised,
    declined,
    issuer_of,
    voided_before_it_was_authorised,
)


class PaymentUnknown(Invalid):
    """There is no payment under this id."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(f"there is no payment {payment_id}")
        self.payment_id = payment_id


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


async def authorise_payment(
    command: Authorise, *, payments: PaymentRepository, provider: PaymentProvider, handling: str
) -> Payment:
    """Hold the amount, or decline; answer a repeated request with the state the payment is in."""
    if command.amount.minor_units < 1:
        raise Invalid(f"payment {command.payment_id}: {command.amount} cannot be held")
    identity = (command.payment_id, command.order_id, command.customer_id, command.amount)
    issuer = issuer_of(command.method_token)

    async def attempt(*, fresh: bool) -> Payment:
        # Read even the first time: no money may be held for a payment that was voided before.
        existing = await payments.find(command.payment_id, fresh=fresh)
        if existing is not None:
            return await answer_again(existing)
        refusal = await provider.authorise(command.payment_id, command.order_id, command.amount, method_token=command.method_token)
        payment = declined(*identity, refusal, issuer=issuer) if refusal else authorised(*identity, issuer=issuer)
        return await payments.save(payment, handling=handling)

    async def answer_again(existing: Payment) -> Payment:
        if existing.revision.has_handled(handling):
            return existing
        if existing.status is Status.VOIDED:
            # A void overtook an attempt to authorise: what that held must not stay.
            await provider.void(existing.id, issuer=issuer)
        return await payments.save(existing, handling=handling)

    return await decide_and_record(attempt, subject=f"payment {command.payment_id}")


async def capture_payment(payment_id: str, *, payments: PaymentRepository, provider: PaymentProvider, handling: str) -> Payment:
    """Take what is held. Raises PaymentUnknown."""

    async def attempt(*, fresh: bool) -> Payment:
        payment = await payments.find(payment_id, fresh=fresh)
        if payment is None:
            raise PaymentUnknown(payment_id)
        if payment.revision.has_handled(handling):
            return payment
        if payment.step_to_capture() is Step.CAPTURE:
            refusal = await provider.capture(payment_id, issuer=payment.issuer)
            payment = payment.capture_refused(refusal) if refusal else payment.captured()
        return await payments.save(payment, handling=handling)

    return await decide_and_record(attempt, subject=f"payment {payment_id}")


async def void_payment(
    payment_id: str, order_id: str, *, payments: PaymentRepository, provider: PaymentProvider, handling: str
) -> Payment:
    """Let go of what is held; when nothing is, see to it that nothing will be."""

    async def attempt(*, fresh: bool) -> Payment:
        del fresh  # what lets go of money is never decided from memory
        payment = await payments.find(payment_id, fresh=True)
        if payment is None:
            return await void_unknown(payment_id, order_id, payments=payments, provider=provider, handling=handling)
        if payment.revision.has_handled(handling):
            return payment
        if payment.step_to_void() is Step.VOID:
            await provider.void(payment_id, issuer=payment.issuer)
            payment = payment.voided()
        return await payments.save(payment.without_hold(), handling=handling)

    return await decide_and_record(attempt, subject=f"payment {payment_id}")


async def void_unknown(
    payment_id: str, order_id: str, *, payments: PaymentRepository, provider: PaymentProvider, handling: str
) -> Payment:
    """Void a payment that is not known here. The provider may know it: it may hold money whose record failed. Raises Stale."""
    await provider.void(payment_id, issuer=None)
    return await payments.save(voided_before_it_was_authorised(payment_id, order_id), handling=handling)


async def voided_by_provider(payment_id: str, *, payments: PaymentRepository) -> Payment:
    """Take in that the provider let go of what it held. Raises PaymentUnknown."""

    async def attempt(*, fresh: bool) -> Payment:
        del fresh  # the provider tells it only until it is taken in: memory must not say no
        payment = await payments.find(payment_id, fresh=True)
        if payment is None:
            raise PaymentUnknown(payment_id)
        if payment.step_to_void() is not Step.VOID:
            return payment
        return await payments.save(payment.voided())

    return await decide_and_record(attempt, subject=f"payment {payment_id}")
