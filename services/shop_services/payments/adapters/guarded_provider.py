"""The payment provider behind a time-out, and for each issuer of cards behind a circuit breaker and a bulkhead of its own.

While one issuer is away, calls about its cards wait for the time-out, fill its own bulkhead and open its own breaker. The cards of
all others go on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from shop_kit.errors import Transient, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline
from shop_kit.resilience.breaker import BreakerState
from shop_kit.resilience.bulkhead import Bulkhead
from shop_kit.resilience.calls import CallKind, CallMetrics, breaker_of
from shop_kit.resilience.declared import CallPolicy
from shop_kit.shared_kernel import Money

from shop_services.payments.application.ports import PaymentProvider, ProviderRefund
from shop_services.payments.domain.payment import Refusal, issuer_of

T = TypeVar("T")
NAME = "payment provider"
ISSUERS = 256
"""How many issuers are told apart; what was learned of the one heard of longest ago is forgotten."""
UNKNOWN = "unknown"


class _Compartment:
    """What keeps the trouble of one issuer to itself."""

    def __init__(self, issuer: str, policy: CallPolicy, refused: Callable[[], None]) -> None:
        name = f"{NAME} for {issuer} cards"
        self.breaker = breaker_of(policy, name)
        self.bulkhead = Bulkhead(name, policy.writes_at_once, refused)


class GuardedProvider:
    """Any PaymentProvider, guarded as the manifest declares for each issuer. A call that was cut off is Unavailable: the same key
    asks again later."""

    def __init__(self, provider: PaymentProvider, policy: CallPolicy, metrics: Metrics) -> None:
        self._provider = provider
        self._policy = policy
        self._compartments: OrderedDict[str, _Compartment] = OrderedDict()
        self._metrics = CallMetrics(policy.service, metrics, opened=self._opened)

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        """Hold the amount."""
        return await self._call(
            issuer_of(method_token),
            lambda: self._provider.authorise(payment_id, order_id, amount, method_token=method_token),
        )

    async def capture(self, payment_id: str, *, issuer: str | None) -> Refusal | None:
        """Take what is held."""
        return await self._call(issuer, lambda: self._provider.capture(payment_id, issuer=issuer))

    async def void(self, payment_id: str, *, issuer: str | None) -> None:
        """Let go of what is held."""
        await self._call(issuer, lambda: self._provider.void(payment_id, issuer=issuer))

    async def refund(self, payment_id: str, refund_id: str, amount: Money, *, issuer: str | None) -> Refusal | None:
        """Give money back."""
        return await self._call(issuer, lambda: self._provider.refund(payment_id, refund_id, amount, issuer=issuer))

    async def find_refund(self, payment_id: str, refund_id: str, *, issuer: str | None) -> ProviderRefund | None:
        """Look a refund up."""
        return await self._call(issuer, lambda: self._provider.find_refund(payment_id, refund_id, issuer=issuer))

    async def _call(self, issuer: str | None, operation: Callable[[], Awaitable[T]]) -> T:
        seconds = self._policy.timeout_seconds

        async def in_time() -> T:
            try:
                async with deadline.within(seconds):
                    answer = await operation()
            except TimeoutError as error:
                self._metrics.ended("late")
                raise Unavailable(NAME, f"no answer within {seconds:g} s") from error
            except Transient:
                self._metrics.ended("away")
                raise
            self._metrics.ended("answered")
            return answer

        compartment = self._compartment(issuer or UNKNOWN)
        with compartment.bulkhead.enter():
            return await compartment.breaker.call(in_time)

    def _opened(self) -> int:
        """How many issuers no calls are made about."""
        return sum(one.breaker.state is not BreakerState.CLOSED for one in self._compartments.values())

    def _compartment(self, issuer: str) -> _Compartment:
        refused = partial(self._metrics.refused, CallKind.WRITE.value)
        found = self._compartments.get(issuer) or _Compartment(issuer, self._policy, refused)
        self._compartments[issuer] = found
        self._compartments.move_to_end(issuer)
        if len(self._compartments) > ISSUERS:
            self._compartments.popitem(last=False)
        return found
