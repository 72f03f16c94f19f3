"""What the payment provider's stand-in promises: idempotent by the merchant's ids, and never more given back than was taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.shared_kernel import Money
from shop_services.psp.domain.charge import Charge, Status, charge

EUROS = Money("EUR", 5000)


def held(card: str = "tok_visa") -> Charge:
    return charge("c1", "o1", EUROS, card)


@pytest.mark.parametrize(("token", "code"), [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")])
def test_a_declined_card_holds_nothing(token: str, code: str) -> None:
    declined = held(token)

    assert declined.decline is not None
    assert (declined.status, declined.holds, declined.decline.code) == (Status.DECLINED, 0, code)
    assert declined.captured().status is declined.voided().status is Status.DECLINED


def test_a_card_whose_capture_fails_holds_nothing_afterwards() -> None:
    charge = held("tok_capture_fails")

    assert charge.refuses_capture
    assert charge.captured().status is Status.VOIDED


@pytest.mark.parametrize("token", ["tok_visa", "tok_refund_fails"])
def test_a_refund_is_decided_once(token: str) -> None:
    once = held(token).captured().refunded("r1", EUROS)

    assert once.refunded("r1", EUROS) == once
    assert (once.refunded_minor_units == 0) == (token == "tok_refund_fails")


def test_money_that_comes_back_was_not_given_back() -> None:
    given = held().captured().refunded("r1", EUROS)

    returned = given.refund_returned("r1")

    assert (given.refunded_minor_units, returned.refunded_minor_units) == (5000, 0)
    assert returned.refunded("r2", EUROS).refunded_minor_units == 5000


STEPS = st.lists(
    st.sampled_from(["capture", "void"])
    | st.tuples(st.sampled_from(["r1", "r2", "r3"]), st.integers(1, 6000), st.sampled_from(["EUR", "USD"])),
    max_size=12,
)


@given(STEPS)
def test_no_more_is_given_back_than_was_taken_whatever_is_asked(steps: list[str | tuple[str, int, str]]) -> None:
    charge = held()
    for step in steps:
        match step:
            case "capture":
                charge = charge.captured()
            case "void":
                charge = charge.voided()
            case (refund_id, units, currency):
                charge = charge.refunded(str(refund_id), Money(str(currency), int(units)))

    taken = 5000 if charge.status is Status.CAPTURED else 0
    assert charge.refunded_minor_units <= taken
    assert len({refund.id for refund in charge.refunds}) == len(charge.refunds)
