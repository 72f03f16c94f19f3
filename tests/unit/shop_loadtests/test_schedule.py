"""Visitors come when the profile says, whoever sends them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from shop_loadtests.profile import Stage
from shop_loadtests.schedule import arrivals

RATES = st.floats(min_value=0, max_value=50)
STAGES = st.lists(
    st.builds(Stage, seconds=st.floats(min_value=0.5, max_value=20), rate=RATES, until=st.none() | RATES), min_size=1, max_size=4
)


@given(stages=STAGES, seed=st.integers(min_value=0, max_value=10_000))
@settings(max_examples=60, deadline=None)
def test_moments_are_in_order_and_within_the_time_of_the_stages(stages: list[Stage], seed: int) -> None:
    moments = [*arrivals(stages, seed=seed)]

    assert moments == sorted(moments)
    assert all(0 <= moment <= sum(stage.seconds for stage in stages) + 1e-6 for moment in moments)


@given(stages=STAGES, seed=st.integers(min_value=0, max_value=10_000), workers=st.integers(min_value=1, max_value=5))
@settings(max_examples=60, deadline=None)
def test_workers_make_the_arrivals_of_one_together(stages: list[Stage], seed: int, workers: int) -> None:
    shares = [[*arrivals(stages, seed=seed, worker=worker, workers=workers)] for worker in range(workers)]

    assert sorted(moment for share in shares for moment in share) == [*arrivals(stages, seed=seed)]


def test_as_many_come_as_the_rate_says_in_each_part_of_a_ramp() -> None:
    moments = [*arrivals([Stage(seconds=100, rate=0, until=100), Stage(seconds=50, rate=20)], seed=4)]

    ramp = [sum(1 for moment in moments if begin <= moment < begin + 25) for begin in (0, 25, 50, 75)]
    steady = sum(1 for moment in moments if moment >= 100)
    assert all(abs(found - expected) < 5 * expected**0.5 for found, expected in zip(ramp, (312, 937, 1562, 2187), strict=True))
    assert abs(steady - 1000) < 160


def test_arrivals_do_not_come_like_clockwork() -> None:
    moments = [*arrivals([Stage(seconds=100, rate=50)], seed=1)]
    gaps = [later - earlier for earlier, later in pairwise(moments)]

    shorter_than_average = sum(1 for gap in gaps if gap < 0.02) / len(gaps)
    assert 0.60 < shorter_than_average < 0.67  # of exponential gaps 1 - 1/e are
