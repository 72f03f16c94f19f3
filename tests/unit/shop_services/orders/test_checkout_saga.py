"""The saga against partners that obey the contract, under any order of delivery, redelivery, cancelling, expiry and giving up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from fakes.checkout_partners import PartnerInventory, PartnerPayments, PartnerPricing
from fakes.quotes import a_quote
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
    CouponCommand,
    CouponsWereRedeemed,
    CouponsWereRefused,
    CouponsWereReleased,
    Decision,
    PaymentCommand,
    PaymentWasAuthorised,
    PaymentWasCaptured,
    PaymentWasDeclined,
    PaymentWasVoided,
    RedeemCoupons,
    RefundPayment,
    ReleaseCoupons,
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
    Coupons,
    Event,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderRejected,
    Payment,
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
QUOTE = a_quote(("sku-1", 2, 1999), ("sku-2", 1, 500))
DUE = Money("EUR", 4988)
ACCEPTED = OrderAccepted("cus_1", QUOTE, "tok_visa")
WITH_COUPON = replace(ACCEPTED, quote=replace(QUOTE, coupons=("AUTUMN",)))


def new_order(accepted: OrderAccepted = ACCEPTED) -> Order:
    return begin(ORDER_ID, accepted, at=NOON)


def after(*answers: Answer, of: OrderAccepted = ACCEPTED) -> Order:
    order = new_order(of)
    for answer in answers:
        order = answered(order, answer, at=NOON).order
    return order


RESERVED = StockWasReserved()
UP_TO: dict[Stage, tuple[Answer, ...]] = {
    Stage.RESERVING: (),
    Stage.AUTHORISING: (RESERVED,),
    Stage.COMMITTING: (RESERVED, PaymentWasAuthorised()),
    Stage.CAPTURING: (RESERVED, PaymentWasAuthorised(), StockWasCommitted()),
}
REDEEMED = CouponsWereRedeemed()
UP_TO_WITH_COUPON: dict[Stage, tuple[Answer, ...]] = {
    Stage.RESERVING: (),
    Stage.REDEEMING: (RESERVED,),
    Stage.AUTHORISING: (RESERVED, REDEEMED),
    Stage.COMMITTING: (RESERVED, REDEEMED, PaymentWasAuthorised()),
    Stage.CAPTURING: (RESERVED, REDEEMED, PaymentWasAuthorised(), StockWasCommitted()),
}


def test_an_order_reserves_authorises_commits_captures_and_is_complete() -> None:
    assert awaited(new_order()) == (ReserveStock(RESERVATION, QUOTE.lines),)

    commands = [answered(after(*UP_TO[stage]), answer, at=NOON).commands for stage, answer in _happy_steps()]

    assert commands == [
        (AuthorisePayment(PAYMENT, "cus_1", DUE, "tok_visa"),),
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


def test_a_free_order_is_complete_without_anybody_paying() -> None:
    free = replace(ACCEPTED, quote=a_quote(("sku-1", 2, 0), shipping=0))

    reserved = answered(new_order(free), RESERVED, at=NOON)
    sold = answered(reserved.order, StockWasCommitted(), at=NOON)

    assert reserved.commands == (CommitStock(RESERVATION),)
    assert (sold.order.stage, sold.commands, sold.order.total) == (Stage.COMPLETED, (), Money("EUR", 0))


def test_coupons_are_redeemed_behind_the_stock_and_before_the_money() -> None:
    reserved = answered(new_order(WITH_COUPON), RESERVED, at=NOON)
    redeemed = answered(reserved.order, REDEEMED, at=NOON)

    assert (reserved.order.stage, reserved.commands) == (
        Stage.REDEEMING,
        (RedeemCoupons(ORDER_ID, "cus_1", QUOTE.id, ("AUTUMN",)),),
    )
    assert redeemed.commands == (AuthorisePayment(PAYMENT, "cus_1", DUE, "tok_visa"),)


def test_an_order_whose_coupon_makes_it_free_is_complete_without_anybody_paying() -> None:
    free = replace(WITH_COUPON, quote=replace(a_quote(("sku-1", 1, 0), shipping=0), coupons=("AUTUMN",)))

    redeemed = answered(answered(new_order(free), RESERVED, at=NOON).order, REDEEMED, at=NOON)

    assert redeemed.commands == (CommitStock(RESERVATION),)


def test_a_coupon_that_cannot_be_used_any_more_rejects_the_order_and_charges_nothing() -> None:
    refused = answered(after(RESERVED, of=WITH_COUPON), CouponsWereRefused("AUTUMN was used up."), at=NOON)

    assert refused.commands == (ReleaseStock(RESERVATION),)
    assert refused.order.ending == Rejection(RejectionReason.COUPON_REFUSED, "AUTUMN was used up.")
    assert answered(refused.order, StockWasReleased(), at=NOON).order.stage is Stage.REJECTED


def test_the_coupon_of_an_order_that_is_not_paid_is_free_again_before_the_order_ends() -> None:
    declined = answered(after(*UP_TO_WITH_COUPON[Stage.AUTHORISING], of=WITH_COUPON), PaymentWasDeclined("No."), at=NOON)
    without_goods = answered(declined.order, StockWasReleased(), at=NOON)
    ended = answered(without_goods.order, CouponsWereReleased(), at=NOON)

    assert declined.commands == (ReleaseStock(RESERVATION), ReleaseCoupons(ORDER_ID))
    assert without_goods.order.stage is Stage.COMPENSATING
    assert (ended.order.stage, ended.order.coupons) == (Stage.REJECTED, Coupons.RETURNED)


def test_a_coupon_that_is_redeemed_after_it_was_given_back_is_given_back_again() -> None:
    rejected = after(RESERVED, CouponsWereRefused("No."), StockWasReleased(), of=WITH_COUPON)

    assert answered(rejected, REDEEMED, at=NOON) == Decision(rejected, (), (ReleaseCoupons(ORDER_ID),))


@pytest.mark.parametrize("stage", UP_TO_WITH_COUPON)
def test_a_cancelled_order_gives_its_coupons_back_from_the_moment_they_were_asked_for(stage: Stage) -> None:
    decision = cancelled(after(*UP_TO_WITH_COUPON[stage], of=WITH_COUPON), "", at=NOON)

    assert (ReleaseCoupons(ORDER_ID) in decision.commands) is (stage is not Stage.RESERVING)


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


def test_a_part_that_is_given_back_is_not_the_whole() -> None:
    left = Money("EUR", 5)
    owing = answered(cancelled_when_paid(), checkout.RefundHasFailed("Closed."), at=NOON).order

    in_part = answered(owing, checkout.PaymentWasRefundedInPart(5), at=NOON)

    assert (in_part.order.stage, in_part.order.refund_owed, in_part.commands) == (Stage.CANCELLED, left, ())
    assert answered(in_part.order, checkout.PaymentWasRefundedInPart(5), at=NOON) == Decision(in_part.order)
    assert answered(in_part.order, checkout.PaymentWasRefunded(), at=NOON).order.refund_owed is None


def test_an_order_whose_money_comes_back_in_part_waits_for_the_rest() -> None:
    left = Money("EUR", 5)

    waiting = answered(cancelled_when_paid(), checkout.PaymentWasRefundedInPart(5), at=NOON).order
    ended = answered(waiting, checkout.RefundHasFailed("Closed."), at=NOON).order

    assert awaited(waiting) == (RefundPayment(PAYMENT),)
    assert (ended.stage, ended.refund_owed) == (Stage.CANCELLED, left)


@pytest.mark.parametrize("stage", UP_TO)
def test_an_order_under_way_goes_on_when_a_part_is_given_back(stage: Stage) -> None:
    order = after(*UP_TO[stage])

    assert answered(order, checkout.PaymentWasRefundedInPart(5), at=NOON) == Decision(order)


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
    REDEEMED,
    CouponsWereRefused("No."),
    CouponsWereReleased(),
    PaymentWasAuthorised(),
    PaymentWasDeclined("No."),
    PaymentWasCaptured(),
    checkout.CaptureHasFailed("Too late."),
    PaymentWasVoided(),
    checkout.PaymentWasRefunded(),
    checkout.PaymentWasRefundedInPart(5),
    checkout.RefundHasFailed("Closed."),
]


@pytest.mark.parametrize("answer", EVERY_ANSWER[:-1], ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize(
    "ending", [(RESERVED, PaymentWasDeclined("No."), StockWasReleased()), (*UP_TO[Stage.CAPTURING], PaymentWasCaptured())]
)
def test_no_answer_moves_a_final_order(ending: tuple[Answer, ...], answer: Answer) -> None:
    final = after(*ending)

    assert answered(final, answer, at=NOON).order == final


@given(st.lists(st.sampled_from(EVERY_ANSWER), max_size=12), st.sampled_from([ACCEPTED, WITH_COUPON]))
def test_even_answers_no_partner_would_give_never_complete_an_unpaid_or_unsold_order(
    answers: list[Answer], accepted: OrderAccepted
) -> None:
    order = after(*answers, of=accepted)

    if order.stage is Stage.COMPLETED:
        assert (order.stock, order.payment) == (Stock.SOLD, Payment.CAPTURED)
        assert order.coupons is (Coupons.REDEEMED if accepted is WITH_COUPON else Coupons.NONE)
    if order.stage in {Stage.REJECTED, Stage.CANCELLED}:
        assert order.stock is Stock.RETURNED
        assert order.coupons in {Coupons.NONE, Coupons.RETURNED}
        assert order.payment in {Payment.NONE, Payment.RETURNED, Payment.OWED}


@dataclass
class World:
    """One checkout with its partners, joined by queues that keep order and may deliver anything again."""

    inventory: PartnerInventory
    pricing: PartnerPricing
    payments: PartnerPayments
    accepted: OrderAccepted
    to_inventory: deque[StockCommand] = field(default_factory=deque)
    to_pricing: deque[CouponCommand] = field(default_factory=deque)
    to_payments: deque[PaymentCommand] = field(default_factory=deque)
    from_inventory: deque[Answer] = field(default_factory=deque)
    from_pricing: deque[Answer] = field(default_factory=deque)
    from_payments: deque[Answer] = field(default_factory=deque)
    delivered: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.order = new_order(self.accepted)
        self.history: list[Event] = [self.accepted]
        self.send(awaited(self.order))

    def send(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            if isinstance(command, StockCommand):
                self.to_inventory.append(command)
            elif isinstance(command, CouponCommand):
                self.to_pricing.append(command)
            else:
                self.to_payments.append(command)

    def apply(self, decision: Decision) -> None:
        self.order = decision.order
        self.history.extend(decision.events)
        self.send(decision.commands)

    def inventory_works(self, *, keep: bool = False) -> None:
        if self.to_inventory:
            command = self.to_inventory[0] if keep else self.to_inventory.popleft()
            self.from_inventory.append(self.inventory.obey(command))

    def pricing_works(self, *, keep: bool = False) -> None:
        if self.to_pricing:
            command = self.to_pricing[0] if keep else self.to_pricing.popleft()
            self.from_pricing.append(self.pricing.obey(command))

    def payments_work(self, *, keep: bool = False) -> None:
        if self.to_payments:
            command = self.to_payments[0] if keep else self.to_payments.popleft()
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
            self.pricing_works()
            self.payments_work()
            answers = (self.from_inventory, self.from_pricing, self.from_payments)
            for queue in answers:
                self.orders_hear(queue)
            if not any((self.to_inventory, self.to_pricing, self.to_payments, *answers)):
                if self.order.stage.is_final:
                    return
                self.sweep()
        raise AssertionError(f"the saga never ends: {self.order}")


ACTIONS: dict[str, Callable[[World], None]] = {
    "inventory works": World.inventory_works,
    "inventory works and gets the command again": lambda world: world.inventory_works(keep=True),
    "pricing works": World.pricing_works,
    "pricing works and gets the command again": lambda world: world.pricing_works(keep=True),
    "payments work": World.payments_work,
    "payments work and get the command again": lambda world: world.payments_work(keep=True),
    "orders hear inventory": lambda world: world.orders_hear(world.from_inventory),
    "orders hear pricing": lambda world: world.orders_hear(world.from_pricing),
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
    coupons=st.sampled_from([(), ("AUTUMN",)]),
    pricing=st.builds(PartnerPricing, refuses=st.booleans()),
    payments=st.builds(PartnerPayments, declines=st.booleans(), fails_to_capture=st.booleans(), refuses_refunds=st.booleans()),
)
def test_every_accepted_order_ends_once_and_leaves_nothing_behind(
    *, actions: list[str], is_short: bool, price: int, coupons: tuple[str, ...], pricing: PartnerPricing, payments: PartnerPayments
) -> None:
    quote = replace(a_quote(("sku-1", 3, price), shipping=0), coupons=coupons)
    world = World(PartnerInventory(is_short=is_short), pricing, payments, replace(ACCEPTED, quote=quote))

    for action in actions:
        ACTIONS[action](world)
    world.run_until_quiet()

    endings = [event for event in world.history if isinstance(event, OrderCompleted | OrderRejected | OrderCancelled)]
    assert len(endings) == 1
    assert fold(ORDER_ID, [(event, NOON) for event in world.history]) == world.order
    assert world.inventory.times_reserved <= 1
    assert pricing.times_redeemed <= 1
    if world.order.stage is Stage.COMPLETED:
        assert (world.inventory.state, sum(world.payments.charges)) == ("sold", 3 * price)
        assert len(world.payments.charges) == (1 if price else 0)
        assert pricing.state == ("redeemed" if coupons else "none")
    else:
        assert world.inventory.state in {"released", "rejected", "none"}
        assert pricing.state in {"none", "refused", "released"}
        assert world.payments.state in {"none", "declined", "failed", "voided", "refunded", "owed"}
        owed = world.order.refund_owed.minor_units if world.order.refund_owed else 0
        assert sum(world.payments.charges) == owed


def test_the_history_of_an_order_must_begin_with_its_acceptance() -> None:
    with pytest.raises(ValueError, match="does not begin with its acceptance"):
        fold(ORDER_ID, [(OrderCompleted(), NOON)])


def test_folding_keeps_when_the_order_was_accepted_and_last_changed() -> None:
    order = fold(ORDER_ID, [(ACCEPTED, NOON), (OrderCancelled(Cancellation("")), NOON + timedelta(minutes=1))])

    assert (order.accepted_at, order.updated_at, order.version) == (NOON, NOON + timedelta(minutes=1), 2)
