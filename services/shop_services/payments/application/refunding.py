"""The use cases of giving money back.

A refund is written down before the provider is asked, so that one the process dies over is known: its command asks again under the
same key, or else `reconcile_refunds` does. It ends as given back or as refused for good; then a person has to see to it, and may
ask for another refund.
"""

from __future__ import annotations

from shop_kit.aggregates import decide_and_record
from shop_kit.shared_kernel import Money

from shop_services.payments.application.paying import PaymentUnknown, void_unknown
from shop_services.payments.application.ports import Clock, PaymentProvider, PaymentRepository
from shop_services.payments.domain.payment import Payment, RefundStatus, Refusal, Step

WHOLE_REFUND = "whole"
"""The refund that undoes an order has a name of its own: a payment has at most one."""

RECONCILED_AFTER_SECONDS = 30.0
"""How long a refund is left to the command that asked for it: well beyond what the provider is waited for."""


async def refund_payment(
    payment_id: str, order_id: str, *, payments: PaymentRepository, provider: PaymentProvider, clock: Clock, handling: str
) -> Payment:
    """Give back all that was taken and is not given back yet; what was only held is let go.

    Answered by the outcome of the refund, also when it is asked for again: one that was refused for good is not tried again.
    """

    async def intend(*, fresh: bool) -> Payment:
        del fresh  # what gives money back is never decided from memory
        payment = await payments.find(payment_id, fresh=True)
        if payment is None:
            return await void_unknown(payment_id, order_id, payments=payments, provider=provider, handling=handling)
        if payment.revision.has_handled(handling):
            return payment
        match payment.step_to_refund():
            case Step.REFUND if payment.refund(WHOLE_REFUND) is None and (left := payment.refundable) and left.minor_units:
                return await payments.intend(payment.refund_asked(WHOLE_REFUND, None, "the order was undone", at=clock.now()))
            case Step.REFUND:
                return payment
            case Step.VOID:
                await provider.void(payment_id, issuer=payment.issuer)
                return await payments.save(payment.voided(), handling=handling)
            case _:
                return await payments.save(payment.without_hold(), handling=handling)

    async def answer(*, fresh: bool) -> Payment:
        payment = await payments.find(payment_id, fresh=fresh)
        if payment is None:
            raise PaymentUnknown(payment_id)
        if payment.revision.has_handled(handling):
            return payment
        has_failed = bool(payment.refund(WHOLE_REFUND)) and bool(payment.failed_refunds)
        return await payments.save(payment, handling=handling, refund_id=WHOLE_REFUND if has_failed else None)

    payment = await decide_and_record(intend, subject=f"payment {payment_id}")
    for refund in payment.pending_refunds:
        is_whole = refund.id == WHOLE_REFUND
        await finish_refund(payment_id, refund.id, payments=payments, provider=provider, handling=handling if is_whole else None)
    return await decide_and_record(answer, subject=f"payment {payment_id}")


async def refund_part(
    payment_id: str,
    refund_id: str,
    amount: Money | None,
    reason: str,
    *,
    payments: PaymentRepository,
    provider: PaymentProvider,
    clock: Clock,
) -> Payment:
    """Give back `amount` (None: all that is left) under `refund_id`, once however often it is asked for.

    Returns the payment with the refund's outcome in it. Raises PaymentUnknown, RefundNotPossible.
    """

    async def intend(*, fresh: bool) -> Payment:
        del fresh
        payment = await payments.find(payment_id, fresh=True)
        if payment is None:
            raise PaymentUnknown(payment_id)
        if payment.refund(refund_id) is not None:
            return payment
        return await payments.intend(payment.refund_asked(refund_id, amount, reason, at=clock.now()))

    await decide_and_record(intend, subject=f"payment {payment_id}")
    return await finish_refund(payment_id, refund_id, payments=payments, provider=provider)


async def finish_refund(
    payment_id: str,
    refund_id: str,
    *,
    payments: PaymentRepository,
    provider: PaymentProvider,
    handling: str | None = None,
) -> Payment:
    """Ask the provider for a refund that was written down, and write its outcome. Raises PaymentUnknown."""

    async def attempt(*, fresh: bool) -> Payment:
        payment = await payments.find(payment_id, fresh=fresh)
        refund = payment.refund(refund_id) if payment else None
        if payment is None or refund is None:
            raise PaymentUnknown(payment_id)
        if refund.status is not RefundStatus.PENDING:
            return payment
        refusal = await provider.refund(payment.id, refund.id, refund.amount, issuer=payment.issuer)
        return await _settle(payment, refund.id, refusal, payments=payments, handling=handling)

    return await decide_and_record(attempt, subject=f"payment {payment_id}")


async def reconcile_refunds(payment_id: str, *, payments: PaymentRepository, provider: PaymentProvider, clock: Clock) -> None:
    """Bring refunds that nobody finished to their end.

    The provider's own record is asked first: by now it may have forgotten the key that keeps it from giving back twice.
    """

    async def attempt(*, fresh: bool) -> None:
        del fresh
        payment = await payments.find(payment_id, fresh=True)
        for refund in payment.pending_refunds if payment else ():
            if payment is None or clock.now() - refund.asked_at < RECONCILED_AFTER_SECONDS:
                continue
            known = await provider.find_refund(payment.id, refund.id, issuer=payment.issuer)
            refusal = known.refusal if known else await provider.refund(payment.id, refund.id, refund.amount, issuer=payment.issuer)
            payment = await _settle(payment, refund.id, refusal, payments=payments)

    await decide_and_record(attempt, subject=f"payment {payment_id}")


async def refunded_by_provider(
    payment_id: str, refund_id: str, amount: Money, *, payments: PaymentRepository, clock: Clock
) -> Payment:
    """Take in that the provider gave money back, for us or by itself (from its own console).

    Raises PaymentUnknown, RefundNotPossible.
    """

    async def attempt(*, fresh: bool) -> Payment:
        del fresh  # the provider tells it only until it is taken in: memory must not say no
        payment = await payments.find(payment_id, fresh=True)
        if payment is None:
            raise PaymentUnknown(payment_id)
        refund = payment.refund(refund_id)
        if refund is not None and refund.status is not RefundStatus.PENDING:
            return payment  # also one that failed since: what the provider tells may come late
        if refund is None:
            payment = payment.refund_asked(refund_id, amount, "refunded at the provider", at=clock.now())
        return await _settle(payment, refund_id, None, payments=payments)

    return await decide_and_record(attempt, subject=f"payment {payment_id}")


async def refund_failed_at_provider(payment_id: str, refund_id: str, refusal: Refusal, *, payments: PaymentRepository) -> Payment:
    """Take in that the money of a refund came back to the provider: banks may refuse it days later. Raises PaymentUnknown."""

    async def attempt(*, fresh: bool) -> Payment:
        del fresh
        payment = await payments.find(payment_id, fresh=True)
        refund = payment.refund(refund_id) if payment else None
        if payment is None or refund is None:
            raise PaymentUnknown(payment_id)
        if refund.status is RefundStatus.FAILED:
            return payment
        return await _settle(payment, refund_id, refusal, payments=payments)

    return await decide_and_record(attempt, subject=f"payment {payment_id}")


async def _settle(
    payment: Payment, refund_id: str, refusal: Refusal | None, *, payments: PaymentRepository, handling: str | None = None
) -> Payment:
    settled = payment.refund_refused(refund_id, refusal) if refusal else payment.refund_given(refund_id)
    return await payments.save(settled, handling=handling, refund_id=refund_id)
