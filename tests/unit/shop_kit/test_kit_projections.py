"""The guard of each key: in order, each once, and nothing before what it follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.projections import KeyHistory, Projection


def all_that_took_effect(history: KeyHistory[str], arrivals: list[int]) -> list[int]:
    effects = []
    for sequence in arrivals:
        history.arrive(sequence, f"event {sequence}")
        while (turn := history.next()) is not None:
            assert turn[1] == f"event {turn[0]}"
            effects.append(turn[0])
            history.took_effect(turn[0])
    return effects


@given(st.permutations(range(1, 9)), st.lists(st.integers(1, 8), max_size=8))
def test_however_events_arrive_they_take_effect_in_order_and_once(arrivals: list[int], again: list[int]) -> None:
    history: KeyHistory[str] = KeyHistory(is_gapless=True)

    assert all_that_took_effect(history, [*arrivals, *again]) == [*range(1, 9)]
    assert not history.held


@given(st.permutations(range(1, 9)), st.integers(1, 8))
def test_nothing_takes_effect_before_what_it_follows(arrivals: list[int], missing: int) -> None:
    history: KeyHistory[str] = KeyHistory(is_gapless=True)
    arrived = [sequence for sequence in arrivals if sequence != missing]

    assert all_that_took_effect(history, arrived) == [*range(1, missing)]
    assert all_that_took_effect(history, [missing]) == [*range(missing, 9)]


@given(st.lists(st.integers(1, 30), max_size=20))
def test_where_numbers_only_rise_what_is_late_is_left_out(arrivals: list[int]) -> None:
    effects = all_that_took_effect(KeyHistory(is_gapless=False), arrivals)

    assert effects == sorted(set(effects))
    assert effects[-1:] == [max(arrivals)] if arrivals else not effects


@pytest.mark.parametrize("is_gapless", [True, False])
def test_behind_an_event_that_cannot_take_effect_all_are_held(is_gapless: bool) -> None:
    history: KeyHistory[str] = KeyHistory(is_gapless, is_stuck=True)

    assert all_that_took_effect(history, [1, 2, 3]) == []
    assert sorted(history.held) == [1, 2, 3]


@pytest.mark.parametrize("name", ["", "Orders", "orders-history", "orders; drop table orders", "9lives"])
def test_a_name_that_cannot_be_that_of_a_schema_is_refused(name: str) -> None:
    async def nothing(*_: object) -> None: ...

    with pytest.raises(ValueError, match="name"):
        Projection(name, 1, (), "", nothing)
