"""The highest rate that holds is found between one that holds and one that does not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_loadtests.capacity import Capacity, Tried, search
from shop_loadtests.verdict import Kind


def target(bears: float, *, luck: float = 0.0, generator: float = float("inf"), seed: int = 1) -> Capacity:
    """Search a target that bears so many visits a second; runs go wrong by `luck`, and have no verdict beyond `generator`."""
    dice = random.Random(seed)

    def attempt(rate: float) -> Tried:
        if rate > generator:
            return Tried(rate, Kind.INVALID, 0.0)
        holds = rate <= bears and dice.random() >= luck
        return Tried(rate, Kind.GREEN if holds else Kind.RED, 10 / max(1 - rate / max(1.2 * bears, 0.1), 0.01))

    *_, last = search(attempt, begin=2, to_within=0.1)
    return last


@given(st.floats(0.5, 5000))
def test_the_interval_holds_what_the_target_bears(bears: float) -> None:
    found = target(bears)

    assert found.holds is not None
    assert found.fails is not None
    assert found.holds <= bears < found.fails
    assert found.fails / found.holds <= 1.1


def test_a_run_that_met_somebody_elses_work_does_not_decide() -> None:
    found = [target(100, luck=0.05, seed=seed) for seed in range(20)]

    assert sum(one.holds is not None and one.holds > 80 for one in found) >= 17


def test_a_generator_at_its_end_gives_a_lower_bound_only() -> None:
    found = target(1000, generator=50)

    assert (found.holds, found.fails, found.is_generators) == (32, None, True)


def test_a_target_that_bears_nothing_ends_the_search() -> None:
    found = target(0.0)

    assert found.holds is None
    assert len(found.tried) < 30


def test_each_rate_is_tried_until_two_of_three_agree() -> None:
    found = target(3)

    assert {rate: [one.rate for one in found.tried].count(rate) for rate in (2, 4)} == {2: 2, 4: 2}


@pytest.mark.parametrize(
    ("curve", "knee"),
    [
        ([(1.0, 10.0), (2.0, 10.0), (4.0, 11.0), (8.0, 100.0)], 4.0),
        ([(1.0, 10.0), (2.0, 20.0)], None),
        ([(1.0, 20.0), (2.0, 20.0), (4.0, 10.0)], None),
    ],
)
def test_the_knee_is_where_latency_bends_upwards(curve: list[tuple[float, float]], knee: float | None) -> None:
    assert Capacity(tuple(Tried(rate, Kind.GREEN, p95) for rate, p95 in curve)).knee == knee
