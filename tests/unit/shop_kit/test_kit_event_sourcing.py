"""Events come back as they were stored, old forms as new ones, and what cannot be read is named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.event_sourcing import EventCodec, HistoryUnreadable, UnknownKind, Upcast, read_history
from shop_kit.testing.ledger import ACCOUNT_EVENTS, AccountEvent, Opened, Paid, fold_accounts

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVENTS: st.SearchStrategy[AccountEvent] = st.one_of(st.builds(Opened, st.text()), st.builds(Paid, st.integers(-(2**53), 2**53)))


@given(EVENTS)
def test_an_event_comes_back_as_it_was_stored(event: AccountEvent) -> None:
    assert ACCOUNT_EVENTS.restore(*ACCOUNT_EVENTS.store(event)) == event


@given(st.integers(-1000, 1000))
def test_an_old_form_is_read_as_the_newest_through_all_between(euros: int) -> None:
    assert ACCOUNT_EVENTS.restore("paid.text", f'{{"amount":"{euros}"}}') == Paid(euros * 100)
    assert ACCOUNT_EVENTS.restore("paid", f'{{"euros":{euros}}}') == Paid(euros * 100)


def test_upcasts_that_lead_back_are_refused_when_they_are_declared() -> None:
    there_and_back = {"a": Upcast("b", dict), "b": Upcast("a", dict)}

    with pytest.raises(ValueError, match="circle"):
        EventCodec(ACCOUNT_EVENTS.take_apart, ACCOUNT_EVENTS.put_together, there_and_back)


def test_a_kind_that_nobody_knows_is_named() -> None:
    with pytest.raises(UnknownKind, match="closed"):
        ACCOUNT_EVENTS.restore("closed", "{}")


@pytest.mark.parametrize(
    "kind, body",
    [("closed", "{}"), ("paid.v2", "{}"), ("paid.v2", "no json"), ("paid.text", '{"amount":"much"}'), ("opened", "[]")],
)
def test_a_history_that_cannot_be_read_is_named_with_its_aggregate(kind: str, body: str) -> None:
    rows = [("opened", '{"owner":"ann"}', NOON), (kind, body, NOON)]

    with pytest.raises(HistoryUnreadable, match="acc-1"):
        read_history("acc-1", rows, codec=ACCOUNT_EVENTS, fold=fold_accounts)
