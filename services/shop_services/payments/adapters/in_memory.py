"""Payments and a payment provider in memory, with the promises of the real ones: for rehearsals, and for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import Money
from shop_kit.testing.aggregates import AggregateTable, InMemoryAggregates

from shop_services.payments.adapters.events import payment_event
from shop_services.payments.application.ports import PaymentPage, ProviderRefund, RefundPosition
from shop_services.payments.domain.payment import Payment, Refusal, issuer_of

DECLINED, CAPTURE_FAILS = "tok_declined", "tok_capture_fails"


class InMemoryPaymentRepository:
    """The PaymentRepository of one process."""

    def __init__(self, table: AggregateTable[Payment]) -> None:
        self._table = table
        self._payments = InMemoryAggregates(table)

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        """Return the payment, as remembered unless `fresh`."""
        return await self._payments.find(payment_id, fresh=fresh)

    async def of_order(self, order_id: str) -> Sequence[Payment]:
        """Return the payments of an order."""
        return [payment for payment in self._table.stored.values() if payment.order_id == order_id]

    async def save(self, payment: Payment, *, handling: str | None = None, refund_id: str | None = None) -> Payment:
        """Store and announce. Raises Stale."""
        return await self._payments.save(payment, handling=handling, announce=partial(payment_event, refund_id=refund_id))

    async def intend(self, payment: Payment) -> Payment:
        """Store, and announce nothing. Raises Stale."""
        return await self._payments.save(payment)

    async def with_pending_refunds(self, *, asked_before: float) -> AsyncIterator[str]:
        """Return those whose first pending refund is old enough."""
        for payment in list(self._table.stored.values()):
            if payment.pending_refunds and payment.pending_refunds[0].asked_at <= asked_before:
                yield payment.id

    async def with_failed_refunds(self, *, limit: int, behind: RefundPosition | None) -> PaymentPage:
        """Return the first page, which is all there is to see here."""
        del behind
        found = [payment for payment in self._table.stored.values() if payment.failed_refunds and not payment.pending_refunds]
        return PaymentPage(found[:limit], None)


@dataclass
class InMemoryProvider:
    """A provider's ledger in dictionaries, idempotent by payment and refund.

    `is_away` makes every call fail before it has an effect, `issuers_away` those for the cards of these issuers; `refuses_refunds`
    makes it refuse every refund for good.
    """

    held: dict[str, Money] = field(default_factory=dict)
    taken: dict[str, Money] = field(default_factory=dict)
    refunds: dict[tuple[str, str], Money] = field(default_factory=dict)
    holds: list[str] = field(default_factory=list)
    captures: list[str] = field(default_factory=list)
    uncapturable: set[str] = field(default_factory=set)
    is_away: bool = False
    issuers_away: set[str | None] = field(default_factory=set)
    refuses_refunds: bool = False

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        """Hold, unless the card is DECLINED."""
        del order_id
        self._answer(issuer_of(method_token))
        if method_token == DECLINED:
            return Refusal("card_declined", "The card was declined.")
        if method_token == CAPTURE_FAILS:
            self.uncapturable.add(payment_id)
        if payment_id not in self.holds:
            self.held[payment_id] = amount
            self.holds.append(payment_id)
        return None

    async def capture(self, payment_id: str, *, issuer: str | None) -> Refusal | None:
        """Take what is held, unless the card is one whose capture fails."""
        self._answer(issuer)
        if payment_id in self.taken:
            return None
        if payment_id not in self.held or payment_id in self.uncapturable:
            self.held.pop(payment_id, None)
            return Refusal("authorisation_expired", "Nothing is held.")
        self.taken[payment_id] = self.held.pop(payment_id)
        self.captures.append(payment_id)
        return None

    async def void(self, payment_id: str, *, issuer: str | None) -> None:
        """Let go of what is held."""
        self._answer(issuer)
        self.held.pop(payment_id, None)

    async def refund(self, payment_id: str, refund_id: str, amount: Money, *, issuer: str | None) -> Refusal | None:
        """Give back once for each refund id, and never more than was taken."""
        self._answer(issuer)
        if (payment_id, refund_id) in self.refunds:
            return None
        if self.refuses_refunds:
            return Refusal("account_closed", "The customer's account is closed.")
        if payment_id not in self.taken:
            return Refusal("not_captured", "There is nothing to give back.")
        if self.given_back(payment_id) + amount.minor_units > self.taken[payment_id].minor_units:
            return Refusal("amount_too_large", "More cannot be given back than was taken.")
        self.refunds[payment_id, refund_id] = amount
        return None

    async def find_refund(self, payment_id: str, refund_id: str, *, issuer: str | None) -> ProviderRefund | None:
        """Return what was given back under that id."""
        self._answer(issuer)
        return ProviderRefund(None) if (payment_id, refund_id) in self.refunds else None

    def given_back(self, payment_id: str) -> int:
        """Minor units given back for a payment."""
        return sum(amount.minor_units for (payment, _), amount in self.refunds.items() if payment == payment_id)

    def _answer(self, issuer: str | None) -> None:
        if self.is_away or issuer in self.issuers_away:
            raise Unavailable("payment provider", "HTTP 500")
