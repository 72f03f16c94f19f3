"""Brings refunds that nobody finished to their end, for as long as the service runs."""

from __future__ import annotations

from collections.abc import AsyncIterator

from shop_kit.sweeping import Sweeper

from shop_services.payments.application.ports import Clock, PaymentProvider, PaymentRepository
from shop_services.payments.application.refunding import RECONCILED_AFTER_SECONDS, reconcile_refunds


def reconciler(payments: PaymentRepository, provider: PaymentProvider, clock: Clock) -> Sweeper[str]:
    """Return what looks for refunds without an outcome."""

    def due() -> AsyncIterator[str]:
        return payments.with_pending_refunds(asked_before=clock.now() - RECONCILED_AFTER_SECONDS)

    async def take_up(payment_id: str) -> None:
        await reconcile_refunds(payment_id, payments=payments, provider=provider, clock=clock)

    return Sweeper("refunds without an outcome", due=due, take_up=take_up, clock=clock)
