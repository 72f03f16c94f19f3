"""Payments over a book and a provider in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shop_contracts.proto.payments.v1 import commands_pb2
from shop_kit.messages import OutgoingMessage, Subscription, outgoing
from shop_kit.rehearsal import Rehearsal
from shop_kit.shared_kernel import Money
from shop_kit.testing.event_log import received

from shop_services.payments.adapters.commands import subscription
from shop_services.payments.adapters.events import COMMANDS_TOPIC, payment_event
from shop_services.payments.domain.payment import Payment, Refund, Refusal, authorised

DECLINED, LOST = "tok_declined", "tok_capture_fails"
_PRICE = Money("EUR", 3998)


class _Book:
    """Payments in a dictionary. With `knows_all`, every payment one can ask for is authorised."""

    def __init__(self, *, knows_all: bool = False) -> None:
        self.knows_all = knows_all
        self.payments: dict[str, Payment] = {}
        self.sent: list[OutgoingMessage] = []

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        del fresh
        known = self.payments.get(payment_id)
        return known or (authorised(payment_id, "ord_1", "cus_1", _PRICE) if self.knows_all else None)

    async def of_order(self, order_id: str) -> Sequence[Payment]:
        return [payment for payment in self.payments.values() if payment.order_id == order_id]

    async def record(self, payment: Payment, *, handling: str | None, refund: Refund | None = None) -> None:
        del handling
        self.payments[payment.id] = payment
        self.sent.append(payment_event(payment, refund))


class _Provider:
    """Says yes to every card but the two that say no."""

    def __init__(self) -> None:
        self.lost: set[str] = set()

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        del order_id, amount
        if method_token == LOST:
            self.lost.add(payment_id)
        return Refusal("card_declined", "The card was declined.") if method_token == DECLINED else None

    async def capture(self, payment_id: str) -> Refusal | None:
        return Refusal("authorisation_expired", "Nothing is held.") if payment_id in self.lost else None

    async def void(self, payment_id: str) -> None:
        del payment_id

    async def refund(self, payment_id: str, refund_id: str, amount: Money) -> Refusal | None:
        del payment_id, refund_id, amount
        return None


def rehearsal() -> Rehearsal:
    """Payments' handlers, and one message of each kind it sends."""
    return Rehearsal(hears=_hears, sends=_sends)


def _hears(kind: str) -> Sequence[Subscription[Any]]:
    return (subscription(_Book(knows_all=kind != "authorise_payment"), _Provider()),)


async def _sends() -> Sequence[OutgoingMessage]:
    book = _Book()
    handle = subscription(book, _Provider()).handle
    for command in _commands():
        message = outgoing(COMMANDS_TOPIC, command.order_id, command, source="/shop/orders", sequence=1)
        await handle(received(message, commands_pb2.PaymentCommand))
    return book.sent


def _commands() -> Sequence[commands_pb2.PaymentCommand]:
    """A payment that is captured and refunded, one that is voided, one that is declined and one whose capture fails."""
    script = {
        "tok_visa": ("capture_payment", "refund_payment"),
        "tok_other": ("void_payment",),
        DECLINED: (),
        LOST: ("capture_payment",),
    }
    found = []
    for number, (token, steps) in enumerate(script.items()):
        command = commands_pb2.PaymentCommand(order_id=f"ord_{number}", payment_id=f"pay_{number}")
        command.authorise_payment.customer_id = "cus_1"
        command.authorise_payment.payment_method_token = token
        command.authorise_payment.amount.currency_code = _PRICE.currency
        command.authorise_payment.amount.minor_units = _PRICE.minor_units
        found.append(command)
        for step in steps:
            follow = commands_pb2.PaymentCommand(order_id=f"ord_{number}", payment_id=f"pay_{number}")
            getattr(follow, step).SetInParent()
            found.append(follow)
    return found
