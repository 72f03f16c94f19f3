"""The payment provider behind a time-out, a circuit breaker and a bulkhead: while it is away, payments wait and do not pile up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shop_kit.errors import Unavailable
from shop_kit.resilience import deadline
from shop_kit.resilience.breaker import CircuitBreaker
from shop_kit.resilience.bulkhead import Bulkhead
from shop_kit.shared_kernel import Money

from shop_services.payments.application.ports import PaymentProvider, ProviderRefund
from shop_services.payments.domain.payment import Refusal

T = TypeVar("T")
NAME = "payment provider"
TIMEOUT_SECONDS = 2.0
CALLS_AT_ONCE = 32


class GuardedProvider(PaymentProvider):
    """Any PaymentProvider, guarded. A call that was cut off is Unavailable: the same key asks again later."""

    def __init__(self, provider: PaymentProvider, *, breaker: CircuitBreaker, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._provider = provider
        self._breaker = breaker
        self._bulkhead = Bulkhead(NAME, CALLS_AT_ONCE)
        self._timeout_seconds = timeout_seconds

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        """Hold the amount."""
        return await self._call(lambda: self._provider.authorise(payment_id, order_id, amount, method_token=method_token))

    async def capture(self, payment_id: str, *, issuer: str | None) -> Refusal | None:
        """Take what is held."""
        return await self._call(lambda: self._provider.capture(payment_id, issuer=issuer))

    async def void(self, payment_id: str, *, issuer: str | None) -> None:
        """Let go of what is held."""
        await self._call(lambda: self._provider.void(payment_id, issuer=issuer))

    async def refund(self, payment_id: str, refund_id: str, amount: Money, *, issuer: str | None) -> Refusal | None:
        """Give money back."""
        return await self._call(lambda: self._provider.refund(payment_id, refund_id, amount, issuer=issuer))

    async def find_refund(self, payment_id: str, refund_id: str, *, issuer: str | None) -> ProviderRefund | None:
        """Look a refund up."""
        return await self._call(lambda: self._provider.find_refund(payment_id, refund_id, issuer=issuer))

    async def _call(self, operation: Callable[[], Awaitable[T]]) -> T:
        async def in_time() -> T:
            try:
                async with deadline.within(self._timeout_seconds):
                    return await operation()
            except TimeoutError as error:
                raise Unavailable(NAME, f"no answer within {self._timeout_seconds} s") from error

        with self._bulkhead.enter():
            return await self._breaker.call(in_time)
