"""Intervals hold the truth as often as they say."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_loadtests.statistics import Finding, Ratio, fails_more, ratio, students_t


@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    [(0.975, 5, 2.571), (0.975, 10, 2.228), (0.995, 5, 4.032), (0.995, 20, 2.845), (0.9995, 30, 3.646)],
)
def test_students_t_is_that_of_the_tables(probability: float, freedom: int, value: float) -> None:
    assert students_t(probability, freedom) == pytest.approx(value, rel=0.02)


@pytest.mark.parametrize("count", [6, 12])
def test_an_interval_misses_the_truth_no_more_often_than_it_says(count: int) -> None:
    dice, truth, rounds = random.Random(5), 1.1, 150

    missed = 0
    for _ in range(rounds):
        found = ratio([(1.0, truth * dice.lognormvariate(0, 0.2)) for _ in range(count)], error=0.1, dice=dice)
        missed += not found.low <= truth <= found.high

    assert missed <= 0.1 * rounds + 3 * math.sqrt(0.09 * rounds)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 1e4), st.floats(0.1, 1e4)), min_size=1, max_size=12), st.floats(0.001, 0.2))
def test_an_interval_holds_its_middle_and_turns_over_with_its_sides(pairs: list[tuple[float, float]], error: float) -> None:
    found = ratio(pairs, error=error, dice=random.Random(1))
    turned = ratio([(after, before) for before, after in pairs], error=error, dice=random.Random(1))

    assert found.low <= found.middle * (1 + 1e-9)
    assert found.middle <= found.high * (1 + 1e-9)
    assert turned.middle == pytest.approx(1 / found.middle)


@given(st.floats(0.01, 0.5), st.floats(0.2, 5), st.floats(1.0, 3))
def test_exactly_what_is_sure_is_said(within: float, low: float, spread: float) -> None:
    found = Ratio(low, low, low * spread).says(within=within)

    assert (found is Finding.WORSE) == (low > 1 + within)
    assert (found is Finding.BETTER) == (low * spread < 1 / (1 + within) and low <= 1 + within)


def test_one_pair_alone_says_nothing() -> None:
    assert ratio([(1.0, 9.0)], error=0.05, dice=random.Random(1)).says(within=0.05) is Finding.UNDECIDED


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ((0, 100), (0, 100), False),
        ((0, 100), (1, 100), False),
        ((0, 100), (10, 100), True),
        ((10, 100), (0, 100), False),
        ((50, 1000), (60, 1000), False),
        ((50, 1000), (100, 1000), True),
        ((0, 0), (0, 0), False),
        ((100, 100), (100, 100), False),
    ],
)
def test_more_failures_than_chance_makes_are_worse(before: tuple[int, int], after: tuple[int, int], *, worse: bool) -> None:
    assert fails_more(before, after, error=0.01) is worse
