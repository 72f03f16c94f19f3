"""The book of payments and the payment provider in memory, with the promises of the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import Money
from shop_kit.testing.event_log import EventLog
from shop_services.payments.adapters.events import payment_event
from shop_services.payments.application.ports import HandledBefore, Stale
from shop_services.payments.domain.payment import Payment, Refund, Refusal


class Crash(Exception):
    """The process dies here, as by `kill -9`."""


@dataclass
class FakePaymentBook:
    """Keeps payments in a dictionary. With `crash_before_writing` the next record never happens."""

    payments: dict[str, Payment] = field(default_factory=dict)
    handled: set[str] = field(default_factory=set)
    log: EventLog = field(default_factory=EventLog)
    crash_before_writing: bool = False

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        return self.payments.get(payment_id)

    async def of_order(self, order_id: str) -> Sequence[Payment]:
        return [payment for payment in self.payments.values() if payment.order_id == order_id]

    async def record(self, payment: Payment, *, handling: str | None, refund: Refund | None = None) -> None:
        if self.crash_before_writing:
            self.crash_before_writing = False
            raise Crash
        if handling in self.handled:
            raise HandledBefore
        before = self.payments.get(payment.id)
        if payment.version != (before.version if before else 0) + 1:
            raise Stale
        self.payments[payment.id] = payment
        if handling:
            self.handled.add(handling)
        await self.log.publish([payment_event(payment, refund)])


@dataclass
class FakeProvider:
    """A ledger in dictionaries, idempotent by payment and refund. `away` makes every call fail before it has an effect."""

    held: dict[str, Money] = field(default_factory=dict)
    taken: dict[str, Money] = field(default_factory=dict)
    refunds: dict[tuple[str, str], Money] = field(default_factory=dict)
    holds: list[str] = field(default_factory=list)
    captures: list[str] = field(default_factory=list)
    away: bool = False

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        self._answer()
        if method_token == "tok_declined":
            return Refusal("card_declined", "The card was declined.")
        if payment_id not in self.held and payment_id not in self.taken:
            self.held[payment_id] = amount
            self.holds.append(payment_id)
        return None

    async def capture(self, payment_id: str) -> Refusal | None:
        self._answer()
        if payment_id in self.taken:
            return None
        if payment_id not in self.held:
            return Refusal("authorisation_expired", "Nothing is held.")
        self.taken[payment_id] = self.held.pop(payment_id)
        self.captures.append(payment_id)
        return None

    async def void(self, payment_id: str) -> None:
        self._answer()
        self.held.pop(payment_id, None)

    async def refund(self, payment_id: str, refund_id: str, amount: Money) -> Refusal | None:
        self._answer()
        if (payment_id, refund_id) in self.refunds:
            return None
        if payment_id not in self.taken:
            return Refusal("not_captured", "There is nothing to give back.")
        if self.given_back(payment_id) + amount.minor_units > self.taken[payment_id].minor_units:
            return Refusal("amount_too_large", "More cannot be given back than was taken.")
        self.refunds[payment_id, refund_id] = amount
        return None

    def given_back(self, payment_id: str) -> int:
        """Minor units given back for a payment."""
        return sum(amount.minor_units for (payment, _), amount in self.refunds.items() if payment == payment_id)

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("payment provider", "HTTP 500")
