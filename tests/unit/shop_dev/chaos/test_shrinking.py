"""A schedule that fails is shrunk to the shortest that still does."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as some
from shop_dev.chaos.shrinking import shrunk


@given(some.integers(1, 40), some.data())
def test_what_is_left_fails_and_nothing_of_it_can_be_left_out(count: int, data: some.DataObject) -> None:
    guilty = data.draw(some.sets(some.integers(0, count - 1), min_size=1, max_size=4))

    found = shrunk(range(count), lambda part: guilty <= set(part), most_tries=10_000)

    assert set(found) == guilty
    assert list(found) == sorted(found)


def test_no_more_tries_are_made_than_are_allowed_and_what_was_found_by_then_counts() -> None:
    tried: list[Sequence[int]] = []

    def fails(part: Sequence[int]) -> bool:
        tried.append(part)
        return 7 in part

    found = shrunk(range(16), fails, most_tries=2)

    assert len(tried) == 2
    assert 7 in found
    assert len(found) < 16


def test_a_failure_that_comes_of_two_together_keeps_both() -> None:
    dice = random.Random(3)
    faults = [f"fault {number}" for number in range(30)]
    pair = set(dice.sample(faults, 2))

    assert set(shrunk(faults, lambda part: pair <= set(part), most_tries=200)) == pair
