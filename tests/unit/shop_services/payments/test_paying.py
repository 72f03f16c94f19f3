"""What payments promises, over a repository and a provider in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contracts.proto.payments.v1.commands_pb2 import PaymentCommand
from shop_contracts.proto.payments.v1.events_pb2 import PaymentEvent
from shop_kit.errors import Unavailable
from shop_kit.messages import OutgoingMessage, outgoing
from shop_kit.shared_kernel import Money
from shop_kit.testing.aggregates import AggregateTable
from shop_kit.testing.clock import HandClock
from shop_kit.testing.delivery import redelivered
from shop_kit.testing.event_log import received
from shop_services.payments.adapters.commands import subscription
from shop_services.payments.adapters.events import COMMANDS_TOPIC
from shop_services.payments.adapters.in_memory import InMemoryPaymentRepository, InMemoryProvider
from shop_services.payments.adapters.reconciler import reconciler
from shop_services.payments.application.paying import Authorise, PaymentUnknown, voided_by_provider
from shop_services.payments.application.refunding import (
    RECONCILED_AFTER_SECONDS,
    refund_failed_at_provider,
    refund_part,
    refunded_by_provider,
)
from shop_services.payments.domain.payment import Payment, RefundNotPossible, RefundStatus, Refusal, Status

pytestmark = pytest.mark.anyio


class Crash(Exception):
    """The process dies here, as by `kill -9`."""


class DyingRepository(InMemoryPaymentRepository):
    """Dies before one of its writes when it is told to."""

    dies_before_saving = False

    async def save(self, payment: Payment, *, handling: str | None = None, refund_id: str | None = None) -> Payment:
        if self.dies_before_saving:
            self.dies_before_saving = False
            raise Crash
        return await super().save(payment, handling=handling, refund_id=refund_id)


class Payments:
    """Payments as its commands, its events and the provider's ledger show it."""

    def __init__(self) -> None:
        self.table = AggregateTable[Payment]()
        self.provider = InMemoryProvider()
        self.clock = HandClock()
        self.repository = DyingRepository(self.table)
        self.takes = self.process(self.repository)

    def process(self, repository: InMemoryPaymentRepository | None = None) -> Callable[..., Awaitable[None]]:
        """Another process on the same table: what it remembers is its own."""
        handle = subscription(repository or InMemoryPaymentRepository(self.table), self.provider, self.clock).handle

        async def takes(*commands: OutgoingMessage) -> None:
            for command in commands:
                await handle(received(command, PaymentCommand))

        return takes

    async def reconcile(self) -> int:
        return await reconciler(InMemoryPaymentRepository(self.table), self.provider, self.clock).sweep()

    def events(self, order: str) -> list[PaymentEvent]:
        return [received(message, PaymentEvent).event for message in self.table.log.of_key(order)]

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
    shop.repository.dies_before_saving = True
    with pytest.raises(Crash):
        await shop.takes(command)

    await shop.takes(command)

    assert shop.provider.holds == ["pay-o1"]
    assert shop.kinds("o1") == ["payment_authorised"]


async def test_a_crash_after_the_capture_takes_nothing_twice() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"))
    command = capture("o1")
    shop.repository.dies_before_saving = True
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
    shop.provider.is_away = True
    command = authorise("o1")
    with pytest.raises(Unavailable):
        await shop.takes(command)
    assert shop.kinds("o1") == []

    shop.provider.is_away = False
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
        payment = await refund_part(
            "pay-o1", refund_id, amount, "broken", payments=shop.repository, provider=shop.provider, clock=shop.clock
        )
        return payment.status

    assert await give("r1", 2000) is Status.CAPTURED
    assert await give("r1", 2000) is Status.CAPTURED
    with pytest.raises(RefundNotPossible):
        await give("r2", 3001)
    assert await give("r3", None) is Status.REFUNDED

    assert shop.provider.given_back("pay-o1") == 5000
    told = [event.payment_refunded for event in shop.events("o1")[2:]]
    assert [(one.amount.minor_units, one.remaining.minor_units) for one in told] == [(2000, 3000), (3000, 0)]


async def test_a_void_lets_go_of_money_whose_record_failed() -> None:
    shop = Payments()
    shop.repository.dies_before_saving = True
    with pytest.raises(Crash):
        await shop.takes(authorise("o1"))  # and its message is never delivered again

    await shop.takes(void("o1"))

    assert shop.provider.held == {}
    assert shop.kinds("o1") == ["payment_voided"]


async def test_a_refund_lets_go_of_money_whose_record_failed() -> None:
    shop = Payments()
    shop.repository.dies_before_saving = True
    with pytest.raises(Crash):
        await shop.takes(authorise("o1"))

    await shop.takes(refund("o1"))

    assert shop.provider.held == {}


async def test_money_held_by_an_attempt_that_a_void_overtook_does_not_stay_held() -> None:
    shop = Payments()
    await shop.process()(void("o1"))
    shop.provider.held["pay-o1"] = Money("EUR", 5000)  # the provider heard the attempt after the void, and its record failed

    await shop.takes(authorise("o1"))

    assert shop.provider.held == {}
    assert shop.kinds("o1") == ["payment_voided", "payment_voided"]


async def test_a_refund_that_the_process_died_over_is_given_once_and_recorded_by_its_own_command() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"))
    command = refund("o1")
    shop.repository.dies_before_saving = True
    with pytest.raises(Crash):
        await shop.takes(command)

    await shop.takes(command)

    assert shop.provider.given_back("pay-o1") == 5000
    assert shop.kinds("o1")[2:] == ["payment_refunded"]


async def test_a_refund_that_nobody_asks_for_again_is_found_out_at_the_provider() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"))
    shop.repository.dies_before_saving = True
    with pytest.raises(Crash):
        await refund_part("pay-o1", "r1", None, "broken", payments=shop.repository, provider=shop.provider, clock=shop.clock)
    shop.provider.refuses_refunds = True  # and the provider has forgotten our key by now: asked again, it would refuse

    assert await shop.reconcile() == 0
    shop.clock.pass_by(RECONCILED_AFTER_SECONDS)
    assert await shop.reconcile() == 1
    assert await shop.reconcile() == 0

    assert shop.kinds("o1")[2:] == ["payment_refunded"]
    assert shop.table.stored["pay-o1"].status is Status.REFUNDED


async def test_the_reconciler_decides_on_what_is_stored_not_on_what_its_process_remembers() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"))
    shop.provider.is_away = True
    with pytest.raises(Unavailable):
        await shop.process()(refund("o1"))
    shop.provider.is_away = False
    shop.clock.pass_by(RECONCILED_AFTER_SECONDS)

    await reconciler(shop.repository, shop.provider, shop.clock).sweep()

    assert shop.provider.given_back("pay-o1") == 5000


async def test_a_refund_that_never_reached_the_provider_is_asked_for_by_the_reconciler() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"))
    shop.provider.is_away = True
    with pytest.raises(Unavailable):
        await shop.takes(refund("o1"))
    shop.provider.is_away = False

    shop.clock.pass_by(RECONCILED_AFTER_SECONDS)
    await shop.reconcile()

    assert (shop.provider.given_back("pay-o1"), shop.kinds("o1")[2:]) == (5000, ["payment_refunded"])


async def test_a_payment_whose_issuer_is_away_keeps_no_other_refund_waiting() -> None:
    shop = Payments()
    for order, method in (("o1", "tok_slow"), ("o2", "tok_visa")):
        await shop.takes(authorise(order, method=method), capture(order))
        shop.provider.is_away = True
        with pytest.raises(Unavailable):
            await shop.takes(refund(order))
        shop.provider.is_away = False
    shop.provider.issuers_away = {"slow"}
    shop.clock.pass_by(RECONCILED_AFTER_SECONDS)

    assert await shop.reconcile() == 1

    assert [shop.provider.given_back(f"pay-{order}") for order in ("o1", "o2")] == [0, 5000]


async def test_a_refund_that_is_refused_is_an_answer_each_time_and_waits_for_a_person() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"))
    shop.provider.refuses_refunds = True

    await shop.takes(refund("o1"))
    await shop.takes(refund("o1"))

    assert shop.kinds("o1")[2:] == ["payment_refund_failed", "payment_refund_failed"]
    failed = shop.events("o1")[-1].payment_refund_failed
    assert (failed.amount.minor_units, failed.failure_code) == (5000, "account_closed")
    page = await shop.repository.with_failed_refunds(limit=10, behind=None)
    assert [payment.id for payment in page.items] == ["pay-o1"]


async def test_a_person_gives_back_what_was_refused_and_the_order_hears_of_it() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"))
    shop.provider.refuses_refunds = True
    await shop.takes(refund("o1"))
    shop.provider.refuses_refunds = False

    payment = await refund_part(
        "pay-o1", "by-hand", None, "another account", payments=shop.repository, provider=shop.provider, clock=shop.clock
    )
    await shop.takes(refund("o1"))

    assert payment.status is Status.REFUNDED
    assert shop.kinds("o1")[2:] == ["payment_refund_failed", "payment_refunded", "payment_refunded"]
    assert shop.provider.given_back("pay-o1") == 5000
    assert (await shop.repository.with_failed_refunds(limit=10, behind=None)).items == []


async def test_what_the_provider_tells_is_never_refused_for_what_is_only_remembered() -> None:
    shop = Payments()
    one, other = InMemoryPaymentRepository(shop.table), InMemoryPaymentRepository(shop.table)
    await shop.process(one)(authorise("o1"))
    await shop.process(other)(capture("o1"))
    euros = Money("EUR", 2000)

    for _ in range(2):
        await refunded_by_provider("pay-o1", "console-1", euros, payments=one, clock=shop.clock)

    assert shop.kinds("o1")[2:] == ["payment_refunded"]


async def test_a_hold_that_the_provider_let_go_is_voided_whoever_wrote_it_last() -> None:
    shop = Payments()
    one, other = InMemoryPaymentRepository(shop.table), InMemoryPaymentRepository(shop.table)
    await shop.process(one)(void("o1"))
    await shop.process(other)(authorise("o2"))

    await voided_by_provider("pay-o2", payments=one)

    assert shop.kinds("o2") == ["payment_authorised", "payment_voided"]


async def test_money_that_comes_back_from_the_customers_bank_is_taken_again_and_a_persons_matter() -> None:
    shop = Payments()
    await shop.takes(authorise("o1"), capture("o1"), refund("o1"))
    closed = Refusal("account_closed", "The account is closed.")

    for _ in range(2):
        await refund_failed_at_provider("pay-o1", "whole", closed, payments=shop.repository)
    await refunded_by_provider("pay-o1", "whole", Money("EUR", 5000), payments=shop.repository, clock=shop.clock)  # comes late

    payment = shop.table.stored["pay-o1"]
    assert (payment.status, [refund.status for refund in payment.refunds]) == (Status.CAPTURED, [RefundStatus.FAILED])
    assert shop.kinds("o1")[2:] == ["payment_refunded", "payment_refund_failed"]


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
        before, announced = dict(shop.table.stored), len(shop.table.log.messages)
        await shop.takes(*reversed(redelivered(messages, key=lambda one: one.key, seed=seed)))
        assert shop.table.stored == before
        assert len(shop.table.log.messages) == announced

    anyio.run(run)
