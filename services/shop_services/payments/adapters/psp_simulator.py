"""A payment service provider, simulated: it keeps a ledger of its own in DynamoDB, so that tests can count what it charged.

Every call is idempotent by payment id (and refund id), as real providers' are by idempotency key. Method tokens choose what
happens:

    tok_visa and any other     held and taken
    tok_declined               declined: card_declined
    tok_insufficient_funds     declined: insufficient_funds
    tok_capture_fails          held, and the capture refused for good: authorisation_expired
    tok_slow                   held, but the first answer comes late: after the caller's time-out
    tok_error                  the first two calls fail before anything is held, then it works
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shop_kit.aws.dynamo import ConditionFailed, Dynamo, Item, Put, Update
from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import Money

from shop_services.payments.application.ports import ProviderRefund
from shop_services.payments.domain.payment import Refusal

_DECLINES = {
    "tok_declined": Refusal("card_declined", "The card was declined."),
    "tok_insufficient_funds": Refusal("insufficient_funds", "There is not enough money on the account."),
}
_EXPIRED = Refusal("authorisation_expired", "The card's bank does not hold the amount any more.")
_NOT_CAPTURED = Refusal("not_captured", "There is nothing to give back.")
_TOO_MUCH = Refusal("amount_too_large", "More cannot be given back than was taken.")

SLOW_SECONDS = 5.0
ERRORS_BEFORE_SUCCESS = 2


@dataclass(frozen=True, slots=True)
class Charge:
    """A line of the provider's ledger: what it holds or took for one payment. `holds` counts how often money was held: never
    above 1."""

    payment_id: str
    order_id: str
    status: str
    amount: Money
    refunded_minor_units: int
    holds: int


class PspSimulator:
    """The PaymentProvider of the sandbox."""

    def __init__(self, dynamo: Dynamo, *, ledger_table: str, slow_seconds: float = SLOW_SECONDS) -> None:
        self._dynamo = dynamo
        self._ledger_table = ledger_table
        self._slow_seconds = slow_seconds
        self._errors: dict[str, int] = {}

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        """Hold the amount once."""
        self._fail_at_first(payment_id, method_token)
        refusal = _DECLINES.get(method_token)
        line: Item = {
            "payment_id": payment_id,
            "order_id": order_id,
            "status": "declined" if refusal else "held",
            "currency": amount.currency,
            "minor_units": amount.minor_units,
            "refunded": 0,
            "refund_ids": [],
            "holds": 0 if refusal else 1,
            "refuses_capture": method_token == "tok_capture_fails",  # noqa: S105  # nosec B105 # names a behaviour, opens nothing
            "decline_code": refusal.code if refusal else None,
            "decline_explanation": refusal.explanation if refusal else None,
        }
        try:
            await self._dynamo.write(Put(self._ledger_table, line, condition="attribute_not_exists(payment_id)"))
        except ConditionFailed as error:
            return _decline_of(error.item or {})
        if method_token == "tok_slow":  # noqa: S105  # nosec B105 # names a behaviour, opens nothing
            await asyncio.sleep(self._slow_seconds)
        return refusal

    async def capture(self, payment_id: str, *, issuer: str | None) -> Refusal | None:
        """Take what is held, once."""
        del issuer
        update = Update(
            self._ledger_table,
            {"payment_id": payment_id},
            "SET #status = :captured",
            condition="#status = :held AND refuses_capture = :no",
            names={"#status": "status"},
            values={":captured": "captured", ":held": "held", ":no": False},
        )
        try:
            await self._dynamo.write(update)
        except ConditionFailed as error:
            return None if error.item and error.item["status"] == "captured" else await self._let_go(payment_id)
        return None

    async def void(self, payment_id: str, *, issuer: str | None) -> None:
        """Let go of what is held; anything else stays as it is."""
        del issuer
        await self._let_go(payment_id)

    async def refund(self, payment_id: str, refund_id: str, amount: Money, *, issuer: str | None) -> Refusal | None:
        """Give the amount back once for each refund id, and never more than was taken."""
        del issuer
        update = Update(
            self._ledger_table,
            {"payment_id": payment_id},
            "SET refunded = refunded + :amount, refund_ids = list_append(refund_ids, :ids)",
            condition="#status = :captured AND refunded <= :most AND NOT contains(refund_ids, :id)",
            names={"#status": "status"},
            values={
                ":amount": amount.minor_units,
                ":captured": "captured",
                ":most": await self._taken(payment_id) - amount.minor_units,
                ":id": refund_id,
                ":ids": [refund_id],
            },
        )
        try:
            await self._dynamo.write(update)
        except ConditionFailed as error:
            line = error.item or {}
            if refund_id in line.get("refund_ids", ()):
                return None
            return _TOO_MUCH if line.get("status") == "captured" else _NOT_CAPTURED
        return None

    async def find_refund(self, payment_id: str, refund_id: str, *, issuer: str | None) -> ProviderRefund | None:
        """Return what was given back under that id."""
        del issuer
        line = await self._dynamo.get(self._ledger_table, {"payment_id": payment_id})
        return ProviderRefund(None) if line and refund_id in line["refund_ids"] else None

    async def charges_of_order(self, order_id: str) -> list[Charge]:
        """Return the ledger's lines for an order."""
        page = await self._dynamo.query(self._ledger_table, "order_id = :order", {":order": order_id}, index="by-order")
        return [_charge(item) for item in page.items]

    async def _taken(self, payment_id: str) -> int:
        line = await self._dynamo.get(self._ledger_table, {"payment_id": payment_id})
        return int(line["minor_units"]) if line else 0

    async def _let_go(self, payment_id: str) -> Refusal:
        update = Update(
            self._ledger_table,
            {"payment_id": payment_id},
            "SET #status = :voided",
            condition="#status = :held",
            names={"#status": "status"},
            values={":voided": "voided", ":held": "held"},
        )
        with suppress(ConditionFailed):  # nothing is held
            await self._dynamo.write(update)
        return _EXPIRED

    def _fail_at_first(self, payment_id: str, method_token: str) -> None:
        if method_token != "tok_error":  # noqa: S105  # nosec B105 # names a behaviour, opens nothing
            return
        failed = self._errors.get(payment_id, 0)
        if failed < ERRORS_BEFORE_SUCCESS:
            self._errors[payment_id] = failed + 1
            raise Unavailable("payment provider", "HTTP 500")
        self._errors.pop(payment_id)


def _decline_of(line: dict[str, Any]) -> Refusal | None:
    return Refusal(line["decline_code"], line["decline_explanation"]) if line.get("status") == "declined" else None


def _charge(item: Item) -> Charge:
    amount = Money(item["currency"], item["minor_units"])
    return Charge(item["payment_id"], item["order_id"], item["status"], amount, item["refunded"], item["holds"])
