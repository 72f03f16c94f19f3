"""What the provider does. Every call is idempotent by the merchant's ids, as real providers' are by idempotency key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import Money

from shop_services.psp.application.ports import Ledger
from shop_services.psp.domain.behaviour import EVERY_ISSUER, GOOD, Behaviour, issuer_of
from shop_services.psp.domain.charge import (
    ERROR,
    EXPIRED,
    SLOW,
    Charge,
    Refund,
    Refusal,
    Refused,
    Status,
    charge,
)

SLOW_SECONDS = 5.0
ERRORS_BEFORE_SUCCESS = 2
NAME = "payment provider"


class ChargeUnknown(Exception):
    """The provider never heard of this charge."""


class RefundUnknown(Exception):
    """The provider never heard of this refund."""


class Provider:
    """The provider, well or ill behaved."""

    def __init__(self, ledger: Ledger, *, slow_seconds: float = SLOW_SECONDS) -> None:
        self.ledger = ledger
        self._slow_seconds = slow_seconds
        self._errors: dict[str, int] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.behaviours: dict[str, Behaviour] = {}
        """By issuer; EVERY_ISSUER stands for those that are not named."""

    async def charge(self, charge_id: str, reference: str, amount: Money, method_token: str) -> Charge:
        """Hold an amount once, or decline to."""
        behaviour = self._behaviour(method_token)
        async with self._as_told(behaviour):
            self._fail_at_first(charge_id, method_token)
            wanted = charge(charge_id, reference, amount, method_token)
            if behaviour.decline_code:
                decline = Refusal(behaviour.decline_code, "The card was declined.")
                wanted = replace(wanted, status=Status.DECLINED, holds=0, decline=decline)
            kept = await self.ledger.add(wanted)
            if method_token == SLOW and kept is wanted:
                await asyncio.sleep(self._slow_seconds)
            return kept

    async def capture(self, charge_id: str) -> Charge:
        """Take what is held, once. Raises Refused, ChargeUnknown."""
        found = await self._known(charge_id)
        async with self._as_told(self._behaviour(found.method_token)):
            if found.refuses_capture:
                await self._change(charge_id, Charge.captured)
                raise Refused(EXPIRED)
            return await self._change(charge_id, Charge.captured)

    async def void(self, charge_id: str) -> Charge:
        """Let go of what is held. Raises ChargeUnknown."""
        found = await self._known(charge_id)
        async with self._as_told(self._behaviour(found.method_token)):
            return await self._change(charge_id, Charge.voided)

    async def refund(self, charge_id: str, refund_id: str, amount: Money) -> Refund:
        """Give an amount back once. Raises Refused, ChargeUnknown."""
        found = await self._known(charge_id)
        async with self._as_told(self._behaviour(found.method_token)):
            refund = (await self._change(charge_id, lambda one: one.refunded(refund_id, amount))).refund(refund_id)
            if refund is None:
                raise RefundUnknown(refund_id)
            if refund.refusal:
                raise Refused(refund.refusal)
            return refund

    async def return_refund(self, charge_id: str, refund_id: str) -> Refund:
        """Let the customer's bank send the money of a refund back. Raises ChargeUnknown, RefundUnknown."""
        await self._known(charge_id)
        refund = (await self._change(charge_id, lambda one: one.refund_returned(refund_id))).refund(refund_id)
        if refund is None:
            raise RefundUnknown(refund_id)
        return refund

    async def _known(self, charge_id: str) -> Charge:
        found = await self.ledger.find(charge_id)
        if found is None:
            raise ChargeUnknown(charge_id)
        return found

    async def _change(self, charge_id: str, change: Callable[[Charge], Charge]) -> Charge:
        lock = self._locks.setdefault(charge_id, asyncio.Lock())
        async with lock:
            before = await self._known(charge_id)
            after = change(before)
            if after != before:
                await self.ledger.put(after)
            return after

    def _behaviour(self, method_token: str) -> Behaviour:
        return self.behaviours.get(issuer_of(method_token)) or self.behaviours.get(EVERY_ISSUER, GOOD)

    @asynccontextmanager
    async def _as_told(self, behaviour: Behaviour) -> AsyncIterator[None]:
        if behaviour.latency_seconds:
            await asyncio.sleep(behaviour.latency_seconds)
        if behaviour.fails_before:
            raise Unavailable(NAME, "it was told to fail")
        yield
        if behaviour.never_answers:
            await asyncio.Event().wait()
        if behaviour.fails_after:
            raise Unavailable(NAME, "it was told to fail, after it had done what was asked")

    def _fail_at_first(self, charge_id: str, method_token: str) -> None:
        if method_token != ERROR:
            return
        failed = self._errors.get(charge_id, 0)
        if failed < ERRORS_BEFORE_SUCCESS:
            self._errors[charge_id] = failed + 1
            raise Unavailable(NAME, "its first calls fail with this card")
        self._errors.pop(charge_id)
