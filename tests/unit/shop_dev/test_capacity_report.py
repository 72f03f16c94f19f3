"""What a target bears is a sentence, a table and a chart."""

from __future__ import annotations

import pytest
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.capacity import finding_capacity
from shop_dev.loading.origin import Origin
from shop_dev.loading.run import Load
from shop_dev.output.capacity_report import capacity_answer, capacity_page, sentence_of, tried_line
from shop_dev.output.columns import Page
from shop_loadtests.capacity import Capacity, Tried
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, Stage
from shop_loadtests.verdict import Kind

ORIGIN = Origin(0.0, "abc", "a machine")
TRIED = (
    Tried(2, Kind.GREEN, 10.0),
    Tried(4, Kind.GREEN, 11.0),
    Tried(8, Kind.RED, 99.0, ("getProduct: p95 is 99 ms, its objective 50 ms",)),
)
FOUND = Capacity(TRIED, holds=4, fails=8)


def test_an_interval_is_told_with_its_table() -> None:
    answer = capacity_answer(FOUND, name="peak", origin=ORIGIN)

    assert answer.failure is None
    assert isinstance(answer.text, Page)
    lines = answer.text.text().splitlines()
    assert [line.split() for line in lines[1:4]] == [["2", "1", "10", "green"], ["4", "1", "11", "green"], ["8", "1", "99", "red"]]
    assert lines[-1] == "The objectives hold at 4 visits a second, and not at 8. Latency bends upwards at 4."
    assert isinstance(answer.data, dict)
    assert (answer.data["holds"], answer.data["fails"], answer.data["knee"]) == (4, 8, 4)


@pytest.mark.parametrize(
    ("capacity", "sentence"),
    [
        (Capacity(TRIED, None, 0.1), "The objectives are missed at 0.1 visits a second already."),
        (Capacity(TRIED, 9.0, None), "The objectives hold at 9 visits a second, the most that was tried."),
        (
            Capacity(TRIED, 9.0, None, is_generators=True),
            "The objectives hold at 9 visits a second; beyond that the generator is at its end: use more --workers.",
        ),
        (
            Capacity(TRIED, None, None, is_generators=True),
            "Nothing is known: the generator was at its end at once. Use more --workers, or a quieter machine.",
        ),
    ],
)
def test_what_is_known_only_in_part_says_so(capacity: Capacity, sentence: str) -> None:
    assert sentence_of(capacity) == sentence
    assert (capacity_answer(capacity, name="peak", origin=ORIGIN).failure is None) == (capacity.holds is not None)


def test_the_page_draws_latency_against_rate_with_its_knee() -> None:
    page = capacity_page(FOUND, name="peak", origin=ORIGIN, settings={"seed": 1})

    assert "Latency against rate" in page
    assert page.count('class="mark"') == 2


def test_progress_says_why_a_rate_failed() -> None:
    assert tried_line(FOUND) == "8 visits a second: red, p95 99 ms: getProduct: p95 is 99 ms, its objective 50 ms"


def test_a_profile_without_objectives_has_no_capacity() -> None:
    load = Load(Profile("x", {"browse": 1}, (Stage(1, 1),), ()), "http://127.0.0.1:1", Source("x"), {}, seed=1, workers=1)

    with pytest.raises(ShopDevError) as refused:
        next(finding_capacity(load, begin=1, seconds=1, to_within=0.1))

    assert refused.value.code == CliCode.USAGE_INVALID
