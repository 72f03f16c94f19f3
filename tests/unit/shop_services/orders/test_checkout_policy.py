"""When a silent order is looked at again, and when it is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fakes.quotes import a_quote
from shop_services.orders.application.ports import CheckoutPolicy
from shop_services.orders.domain.order import Order, OrderAccepted, Stage, begin

POLICY = CheckoutPolicy(
    patience=timedelta(seconds=90), ask_again_after=timedelta(seconds=5), ask_again_at_most=timedelta(seconds=60)
)
ACCEPTED = datetime(2026, 5, 1, 12, tzinfo=UTC)


def order(stage: Stage = Stage.RESERVING) -> Order:
    accepted = begin("ord-1", OrderAccepted("ann", a_quote(("mug", 1, 1999)), "tok_visa"), at=ACCEPTED)
    return replace(accepted, stage=stage)


def looks(silent: Order, *, until: int) -> list[float]:
    """Seconds after acceptance at which an order that stays silent is looked at."""
    found: list[float] = []
    at = ACCEPTED
    for times in range(until):
        look = POLICY.next_look(silent, at=at, asked_again=times)
        assert look is not None
        found.append((look - ACCEPTED).total_seconds())
        at = look
    return found


@pytest.mark.parametrize("stage", [Stage.RESERVING, Stage.REDEEMING, Stage.AUTHORISING, Stage.COMMITTING])
def test_a_silent_order_is_asked_for_ever_more_seldom_and_given_up_exactly_when_its_patience_ends(stage: Stage) -> None:
    assert looks(order(stage), until=5) == [5, 15, 35, 75, 90]


@pytest.mark.parametrize("stage", [Stage.CAPTURING, Stage.COMPENSATING])
def test_an_order_that_cannot_be_given_up_any_more_is_asked_for_as_long_as_it_takes(stage: Stage) -> None:
    assert looks(order(stage), until=7) == [5, 15, 35, 75, 135, 195, 255]


def test_an_order_whose_answer_comes_when_its_patience_is_over_is_looked_at_at_once() -> None:
    late = ACCEPTED + timedelta(seconds=200)

    assert POLICY.next_look(order(), at=late) == late
    assert POLICY.next_look(order(Stage.CAPTURING), at=late) == late + timedelta(seconds=5)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.is_final])
def test_an_order_that_has_ended_is_never_looked_at(stage: Stage) -> None:
    assert POLICY.next_look(order(stage), at=ACCEPTED) is None


@pytest.mark.parametrize(("seconds", "is_over"), [(89.9, False), (90, True), (91, True)])
def test_the_patience_counts_from_the_acceptance(seconds: float, is_over: bool) -> None:
    assert POLICY.is_out_of_time(order(), at=ACCEPTED + timedelta(seconds=seconds)) is is_over
