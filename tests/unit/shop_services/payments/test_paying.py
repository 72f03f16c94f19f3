"""What payments promises, over a book and a provider in memory."""

from __future__ import annotations

import anyio
import pytest
from fakes.payment_desk import Crash, FakePaymentBook, FakeProvider
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contracts.proto.payments.v1.commands_pb2 import PaymentCommand
from shop_contracts.proto.payments.v1.events_pb2 import PaymentEvent
from shop_kit.errors import Unavailable
from shop_kit.messages import OutgoingMessage, outgoing
from shop_kit.shared_kernel import Money
from shop_kit.testing.delivery import redelivered
from shop_kit.testing.event_log import received
from shop_services.payments.adapters.commands import subscription
from shop_services.payments.adapters.events import COMMANDS_TOPIC
from shop_services.payments.application.paying import Authorise, PaymentUnknown, refund_part
from shop_services.payments.domain.payment import RefundNotPossible, Status

pytestmark = pytest.mark.anyio


class Payments:
    """Payments as its commands, its events and the provider's ledger show it."""

    def __init__(self) -> None:
        self.book = FakePaymentBook()
        self.provider = FakeProvider()
        self._handle = subscription(self.book, self.provider).handle

    async def takes(self, *commands: OutgoingMessage) -> None:
        for command in commands:
            await self._handle(received(command, PaymentCommand))

    def events(self, order: str) -> list[PaymentEvent]:
        return [received(message, PaymentEvent).event for message in self.book.log.of_key(order)]

    def kinds(self, order: str) -> list[str | None]:
        return [event.WhichOneof("kind") for event in self.events(order)]


def authorise(order: str, *, method: str = "tok_visa", amount: int = 5000, message_id: str | None = None) -> OutgoingMessage:
    command = PaymentCommand(order_id=order, payment_id=f"pay-{order}")
    command.authorise_payment.customer_id = "cus-1"
    command.authorise_payment.amount.currency_code = "EUR"
    command.authorise_payment.amount.minor_units = amount
    command.authorise_payment.payment_method_token = method
    return outgoing(COMMANDS_TOPIC, order, command, source="/test", sequence=1, message_id=message_id)


def ask(order: str, kind: str) -> OutgoingMessage:
    command = PaymentCommand(order_id=order, payment_id=f"pay-{order}")
    getattr(command, kind).SetInParent()
    return outgoing(COMMANDS_TOPIC, order, command, source="/test", sequence=2)


def capture(order: str) -> OutgoingMessage:
    return ask(order, "capture_payment")


def void(order: str) -> OutgoingMessage:
    return ask(order, "void_payment")


def refund(order: str) -> OutgoingMessage:
    return ask(order, "refund_payment")


async def test_what_is_held_is_taken_once() -> None:
    shop = Payments()

    await shop.takes(authorise("o1"), capture("o1"), capture("o1"))

    assert shop.kinds("o1") == ["payment_authorised", "payment_captured", "payment_captured"]
    assert (shop.provider.holds, shop.provider.captures) == (["pay-o1"], ["pay-o1"])


async def test_a_declined_card_is_an_answer() -> None:
    shop = Payments()

    await shop.takes(authorise("o1", method="tok_declined"))

    assert shop.events("o1")[0].payment_declined.decline_code == "card_declined"
    assert shop.provider.holds == []


async def test_a_crash_between_provider_and_book_holds_nothing_twice() -> None:
    shop = Payments()
    command = authorise("o1")
    shop.book.crash_before_writing = True
    with pytest.raises(Crash):
        await shop.takes(command)

    await shop.takes(command)

    assert shop.provider.holds == ["pay-o1"]
    assert shop.kinds("o1") == ["payment_authorised"]


async def test_a_crash_after_the_capture_takes_nothing_twice() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"))
    command = capture("o1")
    shop.book.crash_before_writing = True
    with pytest.raises(Crash):
        await shop.takes(command)

    await shop.takes(command)

    assert shop.provider.captures == ["pay-o1"]
    assert shop.kinds("o1") == ["payment_authorised", "payment_captured"]


async def test_an_authorisation_that_comes_after_its_void_holds_nothing() -> None:
    shop = Payments()

    await shop.takes(void("o1"), authorise("o1"))

    assert shop.kinds("o1") == ["payment_voided", "payment_voided"]
    assert shop.provider.held == {}


async def test_a_void_after_the_capture_says_that_the_money_was_taken() -> None:
    shop = Payments()

    await shop.takes(authorise("o1"), capture("o1"), void("o1"), refund("o1"))

    assert shop.kinds("o1") == ["payment_authorised", "payment_captured", "payment_captured", "payment_refunded"]
    assert shop.provider.given_back("pay-o1") == 5000


async def test_a_refund_of_what_is_only_held_lets_go_of_it() -> None:
    shop = Payments()

    await shop.takes(authorise("o1"), refund("o1"))

    assert shop.kinds("o1") == ["payment_authorised", "payment_voided"]
    assert shop.provider.held == {}


async def test_a_provider_that_is_away_leaves_the_payment_as_it_is_until_it_is_back() -> None:
    shop = Payments()
    shop.provider.away = True
    command = authorise("o1")
    with pytest.raises(Unavailable):
        await shop.takes(command)
    assert shop.kinds("o1") == []

    shop.provider.away = False
    await shop.takes(command)

    assert shop.kinds("o1") == ["payment_authorised"]


async def test_a_capture_without_a_payment_is_refused() -> None:
    with pytest.raises(PaymentUnknown):
        await Payments().takes(capture("o1"))


async def test_parts_are_given_back_until_nothing_is_left() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"))

    async def give(refund_id: str, minor_units: int | None) -> Status:
        amount = Money("EUR", minor_units) if minor_units else None
        payment = await refund_part("pay-o1", refund_id, amount, "broken", book=shop.book, provider=shop.provider)
        return payment.status

    assert await give("r1", 2000) is Status.CAPTURED
    assert await give("r1", 2000) is Status.CAPTURED
    with pytest.raises(RefundNotPossible):
        await give("r2", 3001)
    assert await give("r3", None) is Status.REFUNDED

    assert shop.provider.given_back("pay-o1") == 5000
    assert [event.payment_refunded.amount.minor_units for event in shop.events("o1")[2:]] == [2000, 3000]


def test_a_command_that_is_printed_keeps_its_token_to_itself() -> None:
    assert "tok_visa" not in repr(Authorise("p", "o", "c", Money("EUR", 1), "tok_visa"))


ENDS = {
    "declined": lambda order: [authorise(order, method="tok_declined"), void(order)],
    "completed": lambda order: [authorise(order), capture(order)],
    "voided": lambda order: [authorise(order), void(order)],
    "refunded": lambda order: [authorise(order), capture(order), refund(order)],
    "late": lambda order: [void(order), authorise(order)],
}


@given(st.lists(st.sampled_from(sorted(ENDS)), min_size=1, max_size=6), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_money_is_conserved_under_any_redelivery(ends: list[str], seed: int) -> None:
    shop = Payments()
    messages = [message for number, end in enumerate(ends) for message in ENDS[end](f"o{number}")]

    async def run() -> None:
        for message in redelivered(messages, key=lambda one: one.key, seed=seed):
            await shop.takes(message)

    anyio.run(run)
    taken = sum(amount.minor_units for amount in shop.provider.taken.values())
    given_back = sum(amount.minor_units for amount in shop.provider.refunds.values())
    assert taken - given_back == 5000 * ends.count("completed")
    assert shop.provider.held == {}
    assert len(shop.provider.holds) == len(set(shop.provider.holds))


@given(st.lists(st.sampled_from(sorted(ENDS)), min_size=1, max_size=6), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_messages_that_come_again_change_and_announce_nothing(ends: list[str], seed: int) -> None:
    shop = Payments()
    messages = [message for number, end in enumerate(ends) for message in ENDS[end](f"o{number}")]

    async def run() -> None:
        await shop.takes(*messages)
        before, announced = dict(shop.book.payments), len(shop.book.log.messages)
        await shop.takes(*reversed(redelivered(messages, key=lambda one: one.key, seed=seed)))
        assert shop.book.payments == before
        assert len(shop.book.log.messages) == announced

    anyio.run(run)
