"""Two versions are told apart when they differ, and left alone when they do not, however noisy the machine is."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from shop_loadtests.comparison import LEAST_PAIRS, Calls, Comparison, Pair, Side, Slice, compare, until_decided
from shop_loadtests.run import Measured
from shop_loadtests.statistics import Finding
from shop_loadtests.watch import Generator

WITHIN = 0.05
SEEDS = range(20)
PAIRS_AT_MOST = 20
CALLS = 100


class NoisyMachine:
    """Calls take a tenth of a second or so; the machine is now quicker and now slower, for a slice or for longer."""

    def __init__(
        self, seed: int, *, slower: float = 1.0, drift: float = 0.05, noise: float = 0.1, failing: float = 0.0, spread: float = 0.4
    ) -> None:
        self._dice = random.Random(seed)
        self._slower, self._drift, self._noise, self._failing = slower, drift, noise, failing
        self._pace, self._spread = 0.1, spread

    def measure(self, side: Side, seed: int) -> Slice:
        self._pace *= self._dice.lognormvariate(0, self._drift)
        pace = self._pace * self._dice.lognormvariate(0, self._noise) * (self._slower if side is Side.AFTER else 1.0)
        took = sorted(pace * self._dice.lognormvariate(0, self._spread) for _ in range(CALLS))
        failed = sum(self._dice.random() < self._failing for _ in took) if side is Side.AFTER else 0
        return Slice({"placeOrder": Calls(CALLS, failed, took[CALLS // 2], took[CALLS * 95 // 100])})


def decided(measure: Callable[[Side, int], Slice], *, pairs: int = PAIRS_AT_MOST) -> Comparison:
    *_, last = until_decided(measure, within=WITHIN, seconds=pairs, clock=clock_of_pairs())
    return last


def clock_of_pairs() -> Callable[[], float]:
    """A clock that counts pairs: asked once at the begin, and after each pair from the last of the least on."""
    ticks = count()
    return lambda: float(LEAST_PAIRS - 1 + moment if (moment := next(ticks)) else 0)


@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_a_version_against_itself_raises_no_alarm(noise: float) -> None:
    findings = [decided(NoisyMachine(seed, noise=noise).measure).finding for seed in SEEDS]

    assert sum(found in {Finding.WORSE, Finding.BETTER} for found in findings) <= 1


def test_a_version_that_takes_15_percent_longer_is_found() -> None:
    findings = [decided(NoisyMachine(seed, slower=1.15, noise=0.03).measure).finding for seed in SEEDS]

    assert findings.count(Finding.WORSE) >= 18
    assert Finding.BETTER not in findings
    assert Finding.SAME not in findings


def test_a_version_that_is_quicker_is_better() -> None:
    findings = [decided(NoisyMachine(seed, slower=0.8, noise=0.03).measure).finding for seed in SEEDS]

    assert findings.count(Finding.BETTER) >= 18
    assert Finding.WORSE not in findings


def test_the_same_version_on_a_quiet_machine_is_called_the_same() -> None:
    findings = [decided(NoisyMachine(seed, noise=0.01, drift=0.01, spread=0.2).measure).finding for seed in SEEDS]

    assert findings.count(Finding.SAME) >= 18


def test_what_noise_hides_stays_undecided_until_the_time_is_up() -> None:
    known = [*until_decided(NoisyMachine(3, noise=0.5).measure, within=WITHIN, seconds=12, clock=clock_of_pairs())]

    assert {one.finding for one in known} == {Finding.UNDECIDED}
    assert known[-1].pairs == 12


def test_calls_that_fail_at_once_are_no_gain() -> None:
    comparison = decided(NoisyMachine(1, slower=0.2, failing=0.3).measure)

    assert comparison.finding is Finding.WORSE


def test_slices_come_in_turn_so_that_what_drifts_meets_both() -> None:
    machine, asked = NoisyMachine(1, noise=0.5), []

    def measure(side: Side, seed: int) -> Slice:
        asked.append((side, seed))
        return machine.measure(side, seed)

    next(until_decided(measure, within=WITHIN, seconds=1000, seed=7, clock=lambda: 0.0))

    before, after = Side.BEFORE, Side.AFTER
    assert [side for side, _ in asked] == [before, after, after, before] * (LEAST_PAIRS // 2)
    assert [seed for _, seed in asked] == [seed for number in range(LEAST_PAIRS) for seed in [7 + number] * 2]


def test_a_pair_whose_generator_was_late_is_left_out_and_told() -> None:
    machine = NoisyMachine(1)
    generators = iter([Generator(visits=10, late=5), *[Generator(visits=10)] * 1000])

    def measure(side: Side, seed: int) -> Slice:
        return replace(machine.measure(side, seed), doubts=Slice.of(Measured(generator=next(generators))).doubts)

    known = [*until_decided(measure, within=WITHIN, seconds=8, clock=clock_of_pairs())]

    assert (known[-1].doubtful, known[-1].pairs) == (1, 7)
    assert "began more than 10 ms late" in known[-1].reasons[0]


def test_an_operation_that_only_one_version_answers_is_not_compared() -> None:
    one = NoisyMachine(1).measure(Side.BEFORE, 1).operations["placeOrder"]
    pairs = [Pair(Slice({"placeOrder": one, "old": one}), Slice({"placeOrder": one, "new": one}))] * LEAST_PAIRS

    assert [change.operation for change in compare(pairs, within=WITHIN).operations] == ["placeOrder"]


def test_nothing_compared_is_nothing_known() -> None:
    assert compare([], within=WITHIN).finding is Finding.UNDECIDED
