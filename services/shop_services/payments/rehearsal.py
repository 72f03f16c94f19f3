"""Payments over a repository and a provider in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shop_contracts.proto.payments.v1 import commands_pb2
from shop_kit.messages import OutgoingMessage, Subscription, outgoing
from shop_kit.rehearsal import Rehearsal
from shop_kit.shared_kernel import Money
from shop_kit.testing.aggregates import AggregateTable
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import received

from shop_services.payments.adapters.commands import subscription
from shop_services.payments.adapters.events import COMMANDS_TOPIC
from shop_services.payments.adapters.in_memory import CAPTURE_FAILS, DECLINED, InMemoryPaymentRepository, InMemoryProvider
from shop_services.payments.application.refunding import refunded_by_provider
from shop_services.payments.domain.payment import Payment, authorised

_PRICE = Money("EUR", 3998)
_REFUND_FAILS = "tok_refund_fails"


class _AllAuthorised(InMemoryPaymentRepository):
    """Every payment one can ask for is authorised."""

    async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
        return await super().find(payment_id, fresh=fresh) or authorised(payment_id, "ord_1", "cus_1", _PRICE)


def rehearsal() -> Rehearsal:
    """Payments' handlers, and one message of each kind it sends."""
    return Rehearsal(hears=_hears, sends=_sends)


def _hears(kind: str) -> Sequence[Subscription[Any]]:
    payments = InMemoryPaymentRepository if kind == "authorise_payment" else _AllAuthorised
    return (subscription(payments(AggregateTable()), InMemoryProvider(), HandClock()),)


async def _sends() -> Sequence[OutgoingMessage]:
    table, provider = AggregateTable[Payment](), InMemoryProvider()
    handle = subscription(InMemoryPaymentRepository(table), provider, HandClock()).handle
    for command in _commands():
        provider.refuses_refunds = command.payment_id.endswith(_REFUND_FAILS)
        message = outgoing(COMMANDS_TOPIC, command.order_id, command, source="/shop/orders", sequence=1)
        await handle(received(message, commands_pb2.PaymentCommand))
    # What the provider refused to give back as a whole, it gives back in part by itself.
    part = Money(_PRICE.currency, 100)
    await refunded_by_provider(f"pay_{_REFUND_FAILS}", "ref_1", part, payments=InMemoryPaymentRepository(table), clock=HandClock())
    return table.log.messages


def _commands() -> Sequence[commands_pb2.PaymentCommand]:
    """Payments that are captured and refunded, voided, declined, and those whose capture or refund fails."""
    script = {
        "tok_visa": ("capture_payment", "refund_payment"),
        "tok_other": ("void_payment",),
        DECLINED: (),
        CAPTURE_FAILS: ("capture_payment",),
        _REFUND_FAILS: ("capture_payment", "refund_payment"),
    }
    found = []
    for number, (token, steps) in enumerate(script.items()):
        command = commands_pb2.PaymentCommand(order_id=f"ord_{number}", payment_id=f"pay_{token}")
        command.authorise_payment.customer_id = "cus_1"
        command.authorise_payment.payment_method_token = token
        command.authorise_payment.amount.currency_code = _PRICE.currency
        command.authorise_payment.amount.minor_units = _PRICE.minor_units
        found.append(command)
        for step in steps:
            follow = commands_pb2.PaymentCommand(order_id=f"ord_{number}", payment_id=f"pay_{token}")
            getattr(follow, step).SetInParent()
            found.append(follow)
    return found
