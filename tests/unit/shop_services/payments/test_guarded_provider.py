"""What keeps the trouble of the payment provider, and of one issuer of cards, from becoming that of all."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from shop_kit.errors import Overloaded, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience.declared import CallPolicy
from shop_kit.shared_kernel import Money
from shop_services.payments.adapters.guarded_provider import ISSUERS, GuardedProvider
from shop_services.payments.adapters.in_memory import InMemoryProvider
from shop_services.payments.application.ports import PaymentProvider, ProviderRefund
from shop_services.payments.domain.payment import Refusal

pytestmark = pytest.mark.anyio
EUROS = Money("EUR", 5000)


class HangingProvider(InMemoryProvider):
    """Never answers about the cards of `hanging` issuers, but does what it is asked."""

    hanging: frozenset[str] = frozenset()

    async def capture(self, payment_id: str, *, issuer: str | None) -> Refusal | None:
        answer = await super().capture(payment_id, issuer=issuer)
        if issuer in self.hanging:
            await asyncio.Event().wait()
        return answer


def guarded(provider: PaymentProvider, metrics: Metrics | None = None, **bounds: float) -> GuardedProvider:
    policy = msgspec.structs.replace(CallPolicy(service="psp"), **bounds)
    return GuardedProvider(provider, policy, metrics or Metrics())


async def test_every_call_reaches_the_provider_and_its_answer_comes_back() -> None:
    ledger = InMemoryProvider()
    provider = guarded(ledger)

    assert await provider.authorise("p1", "o1", EUROS, method_token="tok_visa") is None
    assert await provider.capture("p1", issuer="visa") is None
    assert await provider.refund("p1", "r1", EUROS, issuer="visa") is None
    assert await provider.find_refund("p1", "r1", issuer="visa") == ProviderRefund(None)
    assert await provider.find_refund("p1", "r2", issuer="visa") is None
    declined = await provider.authorise("p2", "o2", EUROS, method_token="tok_declined")
    await provider.authorise("p3", "o3", EUROS, method_token="tok_visa")
    await provider.void("p3", issuer="visa")

    assert declined is not None
    assert (ledger.captures, ledger.given_back("p1"), ledger.held) == (["p1"], 5000, {})


async def test_a_call_without_an_answer_ends_in_time_and_may_have_had_its_effect() -> None:
    ledger = HangingProvider()
    ledger.hanging = frozenset({"slow"})
    provider = guarded(ledger, timeout_seconds=0.01)
    await provider.authorise("p1", "o1", EUROS, method_token="tok_slow")

    with pytest.raises(Unavailable, match="no answer within"):
        await provider.capture("p1", issuer="slow")

    assert ledger.captures == ["p1"]


async def test_an_issuer_that_is_away_is_not_called_any_more_and_the_others_are() -> None:
    ledger = InMemoryProvider(issuers_away={"slow"})
    metrics = Metrics()
    provider = guarded(ledger, metrics)
    for number in range(10):
        with pytest.raises(Unavailable):
            await provider.authorise(f"p{number}", "o1", EUROS, method_token="tok_slow_1")
    ledger.issuers_away = set()

    with pytest.raises(Unavailable, match=r"for slow cards .* breaker is open"):
        await provider.authorise("p10", "o1", EUROS, method_token="tok_slow_2")
    assert await provider.authorise("p11", "o1", EUROS, method_token="tok_visa") is None

    assert ledger.holds == ["p11"]
    assert 'shop_breaker_open{service="psp"} 1.0' in metrics.render()
    assert 'shop_calls_total{outcome="answered",service="psp"} 1.0' in metrics.render()


async def test_calls_that_pile_up_for_one_issuer_leave_the_others_their_places() -> None:
    ledger = HangingProvider()
    ledger.hanging = frozenset({"slow"})
    provider = guarded(ledger, timeout_seconds=30, writes_at_once=8)
    piled_up = [asyncio.create_task(provider.capture(f"p{number}", issuer="slow")) for number in range(8)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded, match="for slow cards"):
        await provider.capture("one too many", issuer="slow")
    assert await provider.authorise("p1", "o1", EUROS, method_token="tok_visa") is None

    for task in piled_up:
        task.cancel()
    await asyncio.gather(*piled_up, return_exceptions=True)


async def test_issuers_that_were_heard_of_long_ago_are_forgotten() -> None:
    ledger = InMemoryProvider(issuers_away={"slow"})
    provider = guarded(ledger)
    for number in range(10):
        with pytest.raises(Unavailable):
            await provider.void(f"p{number}", issuer="slow")
    ledger.issuers_away = set()

    for number in range(ISSUERS):
        await provider.void("p", issuer=f"bank{number}")

    await provider.void("p", issuer="slow")
