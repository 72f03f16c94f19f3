"""Arithmetic on reserved ranges, against the numbers themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from shop_contracts.compat.house.ranges import Range, missing, text


def numbers(ranges: list[Range]) -> set[int]:
    return {number for start, end in ranges for number in range(start, end + 1)}


RANGES = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 8)).map(lambda one: (one[0], one[0] + one[1])), max_size=5)


@given(old=RANGES, new=RANGES)
def test_what_is_missing_is_exactly_what_was_covered_and_is_no_longer(old: list[Range], new: list[Range]) -> None:
    assert numbers(missing(old, new)) == numbers(old) - numbers(new)


def test_ranges_read_as_a_proto_file_writes_them() -> None:
    assert text([(2, 2), (9, 11), (100, 536_870_911)]) == "2, 9 to 11, 100 to max"
