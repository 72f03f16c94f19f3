"""The saga against partners that obey the contract, under any order of delivery, redelivery, cancelling, expiry and giving up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from fakes.checkout_partners import PartnerInventory, PartnerPayments
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_kit.shared_kernel import Money
from shop_services.orders.domain import checkout
from shop_services.orders.domain.checkout import (
    AlreadyEnded,
    Answer,
    AuthorisePayment,
    CapturePayment,
    Command,
    CommitStock,
    Decision,
    PaymentWasAuthorised,
    PaymentWasCaptured,
    PaymentWasDeclined,
    PaymentWasVoided,
    RefundPayment,
    ReleaseStock,
    ReserveStock,
    StockCommand,
    StockWasCommitted,
    StockWasRejected,
    StockWasReleased,
    StockWasReserved,
    VoidPayment,
    answered,
    awaited,
    cancelled,
    timed_out,
)
from shop_services.orders.domain.order import (
    Cancellation,
    Event,
    Line,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderRejected,
    Payment,
    PricedLine,
    RefundFailed,
    Rejection,
    RejectionReason,
    Stage,
    Stock,
    begin,
    fold,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORDER_ID = "ord_01J9ZK3V5M8Q2T4W6Y8A0C2E4G"
RESERVATION, PAYMENT = ORDER_ID.replace("ord", "res"), ORDER_ID.replace("ord", "pay")
ACCEPTED = OrderAccepted("cus_1", (Line("sku-1", 2), Line("sku-2", 1)), "tok_visa")
PRICED = (PricedLine("sku-1", 2, Money("EUR", 1999)), PricedLine("sku-2", 1, Money("EUR", 500)))


def new_order() -> Order:
    return begin(ORDER_ID, ACCEPTED, at=NOON)


def after(*answers: Answer) -> Order:
    order = new_order()
    for answer in answers:
        order = answered(order, answer, at=NOON).order
    return order


RESERVED = StockWasReserved(PRICED)
UP_TO: dict[Stage, tuple[Answer, ...]] = {
    Stage.RESERVING: (),
    Stage.AUTHORISING: (RESERVED,),
    Stage.COMMITTING: (RESERVED, PaymentWasAuthorised()),
    Stage.CAPTURING: (RESERVED, PaymentWasAuthorised(), StockWasCommitted()),
}


def test_an_order_reserves_authorises_commits_captures_and_is_complete() -> None:
    assert awaited(new_order()) == (ReserveStock(RESERVATION, ACCEPTED.lines),)

    commands = [answered(after(*UP_TO[stage]), answer, at=NOON).commands for stage, answer in _happy_steps()]

    assert commands == [
        (AuthorisePayment(PAYMENT, "cus_1", Money("EUR", 4498), "tok_visa"),),
        (CommitStock(RESERVATION),),
        (CapturePayment(PAYMENT),),
        (),
    ]
    assert after(*UP_TO[Stage.CAPTURING], PaymentWasCaptured()).stage is Stage.COMPLETED


def _happy_steps() -> list[tuple[Stage, Answer]]:
    return [
        (Stage.RESERVING, RESERVED),
        (Stage.AUTHORISING, PaymentWasAuthorised()),
        (Stage.COMMITTING, StockWasCommitted()),
        (Stage.CAPTURING, PaymentWasCaptured()),
    ]


def test_an_order_that_finds_too_little_stock_is_rejected_at_once() -> None:
    decision = answered(new_order(), StockWasRejected(short_skus=("sku-1",)), at=NOON)

    assert decision.order.ending == Rejection(RejectionReason.OUT_OF_STOCK, "Not enough in stock: sku-1.")
    assert (decision.order.stage, decision.commands) == (Stage.REJECTED, ())


def test_an_order_for_an_article_the_shop_does_not_have_says_which() -> None:
    decision = answered(new_order(), StockWasRejected(unknown_skus=("sku-9",), short_skus=("sku-1",)), at=NOON)

    assert decision.order.ending == Rejection(RejectionReason.UNKNOWN_SKU, "There is no such article: sku-9.")


def test_a_declined_card_releases_the_stock_before_the_order_is_rejected() -> None:
    declined = answered(after(*UP_TO[Stage.AUTHORISING]), PaymentWasDeclined("No."), at=NOON)
    released = answered(declined.order, StockWasReleased(), at=NOON)

    assert (declined.order.stage, declined.commands) == (Stage.COMPENSATING, (ReleaseStock(RESERVATION),))
    assert (released.order.stage, released.commands) == (Stage.REJECTED, ())
    assert released.order.ending == Rejection(RejectionReason.PAYMENT_DECLINED, "No.")


def test_a_capture_refused_for_good_leaves_only_the_goods_to_give_back() -> None:
    refused = answered(after(*UP_TO[Stage.CAPTURING]), checkout.CaptureHasFailed("Too late."), at=NOON)

    assert refused.commands == (ReleaseStock(RESERVATION),)
    assert refused.order.ending == Rejection(RejectionReason.PAYMENT_FAILED, "Too late.")


def test_a_reservation_that_runs_out_during_payment_voids_the_payment() -> None:
    expired = answered(after(*UP_TO[Stage.COMMITTING]), StockWasReleased(), at=NOON)

    assert expired.commands == (VoidPayment(PAYMENT),)
    assert answered(expired.order, PaymentWasVoided(), at=NOON).order.ending == Rejection(
        RejectionReason.RESERVATION_EXPIRED, "The reservation ran out before the order was paid."
    )


def test_a_payment_captured_after_all_is_refunded_before_the_order_ends() -> None:
    withdrawn = cancelled(after(*UP_TO[Stage.CAPTURING]), "changed my mind", at=NOON)
    captured = answered(withdrawn.order, PaymentWasCaptured(), at=NOON)

    assert withdrawn.commands == (ReleaseStock(RESERVATION), VoidPayment(PAYMENT))
    assert (captured.order.stage, captured.commands) == (Stage.COMPENSATING, (RefundPayment(PAYMENT),))


def test_articles_in_two_currencies_are_given_back() -> None:
    mixed = (PRICED[0], PricedLine("sku-2", 1, Money("USD", 500)))

    decision = answered(new_order(), StockWasReserved(mixed), at=NOON)

    assert decision.commands == (ReleaseStock(RESERVATION),)
    assert isinstance(decision.order.ending, Rejection)
    assert decision.order.ending.reason is RejectionReason.MIXED_CURRENCIES


def test_a_free_order_is_complete_without_anybody_paying() -> None:
    free = StockWasReserved(tuple(PricedLine(line.sku, line.quantity, Money("EUR", 0)) for line in PRICED))

    priced = answered(new_order(), free, at=NOON)
    sold = answered(priced.order, StockWasCommitted(), at=NOON)

    assert priced.commands == (CommitStock(RESERVATION),)
    assert (sold.order.stage, sold.commands, sold.order.total) == (Stage.COMPLETED, (), Money("EUR", 0))


@pytest.mark.parametrize("stage", UP_TO)
def test_a_cancelled_order_asks_for_everything_back_that_it_may_have_got(stage: Stage) -> None:
    decision = cancelled(after(*UP_TO[stage]), "changed my mind", at=NOON)

    payment_was_asked_for = stage is not Stage.RESERVING
    assert decision.commands == (ReleaseStock(RESERVATION), *([VoidPayment(PAYMENT)] if payment_was_asked_for else []))
    assert decision.order.ending == Cancellation("changed my mind")


@pytest.mark.parametrize("stage", [Stage.RESERVING, Stage.AUTHORISING, Stage.COMMITTING])
def test_an_order_out_of_time_is_given_up(stage: Stage) -> None:
    decision = timed_out(after(*UP_TO[stage]), at=NOON)

    assert decision.order.stage is Stage.COMPENSATING
    assert ReleaseStock(RESERVATION) in decision.commands


def test_an_order_whose_capture_was_asked_for_is_not_given_up() -> None:
    capturing = after(*UP_TO[Stage.CAPTURING])

    assert timed_out(capturing, at=NOON) == Decision(capturing)


def test_a_completed_order_cannot_be_cancelled() -> None:
    completed = after(*UP_TO[Stage.CAPTURING], PaymentWasCaptured())

    with pytest.raises(AlreadyEnded, match="completed"):
        cancelled(completed, "", at=NOON)


def test_cancelling_twice_changes_nothing() -> None:
    once = cancelled(new_order(), "first", at=NOON).order

    assert cancelled(once, "second", at=NOON) == Decision(once)


def test_a_payment_that_comes_after_the_order_was_rejected_is_let_go() -> None:
    rejected = after(RESERVED, PaymentWasDeclined("No."), StockWasReleased())

    assert answered(rejected, PaymentWasAuthorised(), at=NOON) == Decision(rejected, (), (VoidPayment(PAYMENT),))
    assert answered(rejected, PaymentWasCaptured(), at=NOON) == Decision(rejected, (), (RefundPayment(PAYMENT),))
    assert answered(rejected, RESERVED, at=NOON) == Decision(rejected, (), (ReleaseStock(RESERVATION),))


def cancelled_when_paid() -> Order:
    """An order that was cancelled while its money was taken: everything is back but the money."""
    order = cancelled(after(*UP_TO[Stage.CAPTURING]), "", at=NOON).order
    for answer in (PaymentWasCaptured(), StockWasReleased()):
        order = answered(order, answer, at=NOON).order
    return order


def test_an_order_whose_refund_is_refused_ends_and_says_what_is_owed() -> None:
    waiting = cancelled_when_paid()
    assert awaited(waiting) == (RefundPayment(PAYMENT),)

    ended = answered(waiting, checkout.RefundHasFailed("The account is closed."), at=NOON)

    assert ended.events == (RefundFailed("The account is closed."), OrderCancelled(Cancellation("")))
    assert (ended.order.stage, ended.order.refund_owed, ended.commands) == (Stage.CANCELLED, waiting.total, ())


def test_what_is_owed_is_settled_when_a_person_has_given_it_back() -> None:
    owing = answered(cancelled_when_paid(), checkout.RefundHasFailed("Closed."), at=NOON).order

    settled = answered(owing, checkout.PaymentWasRefunded(), at=NOON)

    assert (settled.order.stage, settled.order.refund_owed, settled.commands) == (Stage.CANCELLED, None, ())
    assert answered(settled.order, checkout.PaymentWasRefunded(), at=NOON) == Decision(settled.order)


def test_money_that_came_after_the_end_and_cannot_be_sent_back_is_owed() -> None:
    rejected = after(RESERVED, PaymentWasDeclined("No."), StockWasReleased())

    owing = answered(rejected, checkout.RefundHasFailed("Closed."), at=NOON).order

    assert (owing.stage, owing.refund_owed) == (Stage.REJECTED, rejected.total)


def test_a_completed_order_owes_nothing_when_a_later_refund_is_refused() -> None:
    completed = after(*UP_TO[Stage.CAPTURING], PaymentWasCaptured())

    assert answered(completed, checkout.RefundHasFailed("Closed."), at=NOON) == Decision(completed)


EVERY_ANSWER: list[Answer] = [
    RESERVED,
    StockWasRejected(short_skus=("sku-1",)),
    StockWasCommitted(),
    StockWasReleased(),
    PaymentWasAuthorised(),
    PaymentWasDeclined("No."),
    PaymentWasCaptured(),
    checkout.CaptureHasFailed("Too late."),
    PaymentWasVoided(),
    checkout.PaymentWasRefunded(),
    checkout.RefundHasFailed("Closed."),
]


@pytest.mark.parametrize("answer", EVERY_ANSWER[:-1], ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize(
    "ending", [(RESERVED, PaymentWasDeclined("No."), StockWasReleased()), (*UP_TO[Stage.CAPTURING], PaymentWasCaptured())]
)
def test_no_answer_moves_a_final_order(ending: tuple[Answer, ...], answer: Answer) -> None:
    final = after(*ending)

    assert answered(final, answer, at=NOON).order == final


@given(st.lists(st.sampled_from(EVERY_ANSWER), max_size=12))
def test_even_answers_no_partner_would_give_never_complete_an_unpaid_or_unsold_order(answers: list[Answer]) -> None:
    order = after(*answers)

    if order.stage is Stage.COMPLETED:
        assert (order.stock, order.payment) == (Stock.SOLD, Payment.CAPTURED)
    if order.stage in {Stage.REJECTED, Stage.CANCELLED}:
        assert order.stock is Stock.RETURNED
        assert order.payment in {Payment.NONE, Payment.RETURNED, Payment.OWED}


@dataclass
class World:
    """One checkout with its partners, joined by queues that keep order and may deliver anything again."""

    inventory: PartnerInventory
    payments: PartnerPayments
    order: Order = field(default_factory=new_order)
    history: list[Event] = field(default_factory=lambda: [ACCEPTED])
    to_inventory: deque[Command] = field(default_factory=deque)
    to_payments: deque[Command] = field(default_factory=deque)
    from_inventory: deque[Answer] = field(default_factory=deque)
    from_payments: deque[Answer] = field(default_factory=deque)
    delivered: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.send(awaited(self.order))

    def send(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            (self.to_inventory if isinstance(command, StockCommand) else self.to_payments).append(command)

    def apply(self, decision: Decision) -> None:
        self.order = decision.order
        self.history.extend(decision.events)
        self.send(decision.commands)

    def inventory_works(self, *, keep: bool = False) -> None:
        if self.to_inventory:
            command = self.to_inventory[0] if keep else self.to_inventory.popleft()
            assert isinstance(command, StockCommand)
            self.from_inventory.append(self.inventory.obey(command))

    def payments_work(self, *, keep: bool = False) -> None:
        if self.to_payments:
            command = self.to_payments[0] if keep else self.to_payments.popleft()
            assert not isinstance(command, StockCommand)
            self.from_payments.append(self.payments.obey(command))

    def orders_hear(self, answers: deque[Answer]) -> None:
        if answers:
            answer = answers.popleft()
            self.delivered.append(answer)
            self.apply(answered(self.order, answer, at=NOON))

    def hear_again(self) -> None:
        if self.delivered:
            self.apply(answered(self.order, self.delivered[len(self.delivered) // 2], at=NOON))

    def customer_cancels(self) -> None:
        if not self.order.stage.is_final:
            self.apply(cancelled(self.order, "", at=NOON))

    def reservation_expires(self) -> None:
        if answer := self.inventory.expire():
            self.from_inventory.append(answer)

    def sweep(self) -> None:
        self.send(awaited(self.order))

    def run_until_quiet(self) -> None:
        """Deliver everything; ask again once when all is delivered and the order is not final: partners always answer."""
        for _ in range(200):
            self.inventory_works()
            self.payments_work()
            self.orders_hear(self.from_inventory)
            self.orders_hear(self.from_payments)
            if not (self.to_inventory or self.to_payments or self.from_inventory or self.from_payments):
                if self.order.stage.is_final:
                    return
                self.sweep()
        raise AssertionError(f"the saga never ends: {self.order}")


ACTIONS: dict[str, Callable[[World], None]] = {
    "inventory works": World.inventory_works,
    "inventory works and gets the command again": lambda world: world.inventory_works(keep=True),
    "payments work": World.payments_work,
    "payments work and get the command again": lambda world: world.payments_work(keep=True),
    "orders hear inventory": lambda world: world.orders_hear(world.from_inventory),
    "orders hear payments": lambda world: world.orders_hear(world.from_payments),
    "orders hear something again": World.hear_again,
    "customer cancels": World.customer_cancels,
    "reservation expires": World.reservation_expires,
    "orders ask again": World.sweep,
    "orders give up": lambda world: world.apply(timed_out(world.order, at=NOON)),
}


@settings(max_examples=400, deadline=None)
@given(
    actions=st.lists(st.sampled_from(sorted(ACTIONS)), max_size=25),
    is_short=st.booleans(),
    price=st.sampled_from([0, 1999]),
    payments=st.builds(PartnerPayments, declines=st.booleans(), fails_to_capture=st.booleans(), refuses_refunds=st.booleans()),
)
def test_every_accepted_order_ends_once_and_leaves_nothing_behind(
    actions: list[str], is_short: bool, price: int, payments: PartnerPayments
) -> None:
    world = World(PartnerInventory(is_short=is_short, unit_price=Money("EUR", price)), payments)

    for action in actions:
        ACTIONS[action](world)
    world.run_until_quiet()

    endings = [event for event in world.history if isinstance(event, OrderCompleted | OrderRejected | OrderCancelled)]
    assert len(endings) == 1
    assert fold(ORDER_ID, [(event, NOON) for event in world.history]) == world.order
    assert world.inventory.times_reserved <= 1
    if world.order.stage is Stage.COMPLETED:
        assert (world.inventory.state, sum(world.payments.charges)) == ("sold", 3 * price)
        assert len(world.payments.charges) == (1 if price else 0)
    else:
        assert world.inventory.state in {"released", "rejected", "none"}
        assert world.payments.state in {"none", "declined", "failed", "voided", "refunded", "owed"}
        owed = world.order.refund_owed.minor_units if world.order.refund_owed else 0
        assert sum(world.payments.charges) == owed


def test_the_history_of_an_order_must_begin_with_its_acceptance() -> None:
    with pytest.raises(ValueError, match="does not begin with its acceptance"):
        fold(ORDER_ID, [(OrderCompleted(), NOON)])


def test_folding_keeps_when_the_order_was_accepted_and_last_changed() -> None:
    order = fold(ORDER_ID, [(ACCEPTED, NOON), (OrderCancelled(Cancellation("")), NOON + timedelta(minutes=1))])

    assert (order.accepted_at, order.updated_at, order.version) == (NOON, NOON + timedelta(minutes=1), 2)
