"""Two versions beside each other: short slices of both in turn, until it is known which is the slower one."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from shop_loadtests.latencies import Latencies
from shop_loadtests.run import Measured
from shop_loadtests.statistics import Finding, Ratio, fails_more, ratio
from shop_loadtests.verdict import doubts

LEAST_PAIRS = 6
ERROR = 0.05
"""How often a comparison, all of its operations together, may be wrong."""
MIDDLE, TAIL = 50.0, 95.0
LEAST_CALLS_FOR_TAIL = 20
"""A slice with fewer calls has no 95th percentile."""
MOST_LATE = 0.1
"""A slice has few visits, and what makes some of them late meets both sides alike."""
_ORDER = {Finding.WORSE: 0, Finding.UNDECIDED: 1, Finding.BETTER: 2, Finding.SAME: 3}


class Side(StrEnum):
    """Which version a slice is of."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Calls:
    """What an operation did within a slice; times in milliseconds."""

    count: int
    failed: int
    middle: float
    tail: float


@dataclass(frozen=True)
class Slice:
    """A short run of one version: its operations, and why it is not to be believed where it is not."""

    operations: Mapping[str, Calls]
    doubts: tuple[str, ...] = ()

    @classmethod
    def of(cls, measured: Measured) -> Slice:
        """Take the figures out of what was measured."""
        found = {operation: _calls(latencies) for operation, latencies in measured.operations.items()}
        return cls(found, tuple(doubts(measured.generator, most_late=MOST_LATE)))


@dataclass(frozen=True)
class Pair:
    """A slice of each version, with the same visits."""

    before: Slice
    after: Slice


@dataclass(frozen=True)
class OperationChange:
    """What became of an operation. `milliseconds` are the medians of the slices' medians, `middle` is their ratio,
    `tail` that of 95th percentiles, where slices have calls enough for one."""

    operation: str
    calls: tuple[int, int]
    failed: tuple[int, int]
    milliseconds: tuple[float, float]
    middle: Ratio
    tail: Ratio | None
    finding: Finding


@dataclass(frozen=True)
class Comparison:
    """What is known of two versions so far: operations, the most alarming first. `doubtful` pairs were left out."""

    operations: tuple[OperationChange, ...]
    pairs: int
    doubtful: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def finding(self) -> Finding:
        """One operation that became worse decides; nothing is said while something is open."""
        found = [one.finding for one in self.operations]
        if not found or self.pairs < LEAST_PAIRS:
            return Finding.UNDECIDED
        return min(found, key=_ORDER.__getitem__)


def compare(pairs: Sequence[Pair], *, within: float, seed: int = 1) -> Comparison:
    """Hold the slices of two versions against each other. What only one of them answers is worse, or new."""
    calls: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for operation in pair.before.operations.keys() & pair.after.operations.keys():
            calls[operation].append(pair)
    error = ERROR / max(2 * len(calls), 1)
    dice = random.Random(seed)  # noqa: S311  # nosec B311 # repeatable, not secret
    changes = [_change(operation, found, within=within, error=error, dice=dice) for operation, found in sorted(calls.items())]
    return Comparison(tuple(sorted(changes, key=lambda one: _ORDER[one.finding])), len(pairs))


def until_decided(
    measure: Callable[[Side, int], Slice],
    *,
    within: float,
    seconds: float,
    seed: int = 1,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Comparison]:
    """Measure slices, before-after-after-before, and yield what is known, now and then, until it is decided or time is up.

    `measure` makes a slice of a side with the visits of a seed. At least six pairs are measured, whatever the time. A pair in which
    a generator was not to be believed is left out.
    """
    pairs: list[Pair] = []
    reasons: list[str] = []
    end, number, doubtful, look = clock() + seconds, 0, 0, LEAST_PAIRS
    while True:
        sides = (Side.BEFORE, Side.AFTER) if number % 2 == 0 else (Side.AFTER, Side.BEFORE)
        slices = {side: measure(side, seed + number) for side in sides}
        number += 1
        if found := [reason for one in slices.values() for reason in one.doubts]:
            doubtful, reasons = doubtful + 1, [*dict.fromkeys((*reasons, *found))]
        else:
            pairs.append(Pair(slices[Side.BEFORE], slices[Side.AFTER]))
        is_over = number >= LEAST_PAIRS and clock() >= end
        if is_over or number == look:
            look += max(2, number // 8 * 2)  # who looks at every moment finds chance sooner or later
            known = compare(pairs, within=within, seed=seed)
            yield Comparison(known.operations, known.pairs, doubtful, tuple(reasons))
            if is_over or known.finding is not Finding.UNDECIDED:
                return


def _change(operation: str, pairs: Sequence[Pair], *, within: float, error: float, dice: random.Random) -> OperationChange:
    slices = [(pair.before.operations[operation], pair.after.operations[operation]) for pair in pairs]
    calls = sum(one.count for one, _ in slices), sum(one.count for _, one in slices)
    failed = sum(one.failed for one, _ in slices), sum(one.failed for _, one in slices)
    middles = [(before.middle, after.middle) for before, after in slices]
    middle = ratio(middles, error=error, dice=dice)
    has_tail = all(min(before.count, after.count) >= LEAST_CALLS_FOR_TAIL for before, after in slices)
    tail = ratio([(before.tail, after.tail) for before, after in slices], error=error, dice=dice) if has_tail else None
    finding = middle.says(within=within)
    if tail is not None and tail.says(within=within) is Finding.WORSE:
        finding = Finding.WORSE
    if fails_more((failed[0], calls[0]), (failed[1], calls[1]), error=error):
        finding = Finding.WORSE
    milliseconds = median(before for before, _ in middles), median(after for _, after in middles)
    return OperationChange(operation, calls, failed, milliseconds, middle, tail, finding)


def _calls(one: Latencies) -> Calls:
    return Calls(one.count, one.failures.total(), one.milliseconds(MIDDLE), one.milliseconds(TAIL))
