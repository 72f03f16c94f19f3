"""How sure one may be that something became slower: paired ratios, an interval around their middle, and what it says."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist, fmean

RESAMPLES = 2000
_NORMAL = NormalDist()


class Finding(StrEnum):
    """What an interval says of a change, where a share of `within` either way does not matter."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Ratio:
    """How many times as long something takes as before: the best estimate, and the interval that holds the truth."""

    low: float
    middle: float
    high: float

    def says(self, *, within: float) -> Finding:
        """Return what is sure: `within` is the share either way that does not matter, 0.05 for 5 %."""
        least, most = 1 / (1 + within), 1 + within
        if self.low > most:
            return Finding.WORSE
        if self.high < least:
            return Finding.BETTER
        return Finding.SAME if least <= self.low and self.high <= most else Finding.UNDECIDED


def ratio(pairs: Sequence[tuple[float, float]], *, error: float, dice: random.Random) -> Ratio:
    """Return the ratio of pairs (before, after) with an interval that misses the truth in a share of `error` of all cases.

    The pairs' logarithms are resampled. Few pairs know little of how much they scatter, so the interval is widened to what
    Student's t would give: Hesterberg, "What Teachers Should Know About the Bootstrap" (2015), expanded percentile interval.
    """
    logs = [math.log(after / before) for before, after in pairs]
    count = len(logs)
    if count < 2:
        return Ratio(0.0, math.exp(logs[0]) if logs else 1.0, math.inf)
    means = sorted(sum(dice.choices(logs, k=count)) / count for _ in range(RESAMPLES))
    tail = _NORMAL.cdf(-math.sqrt(count / (count - 1)) * students_t(1 - error / 2, count - 1))
    low, high = max(math.floor(tail * RESAMPLES) - 1, 0), min(math.ceil((1 - tail) * RESAMPLES), RESAMPLES - 1)
    return Ratio(math.exp(means[low]), math.exp(fmean(logs)), math.exp(means[high]))


def students_t(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t, by the series of Abramowitz and Stegun, 26.7.5: to a percent from 4 degrees on."""
    z = _NORMAL.inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / float(freedom) ** power for power, term in enumerate(terms, start=1))


def fails_more(before: tuple[int, int], after: tuple[int, int], *, error: float) -> bool:
    """Return whether calls (failed, all) fail more often than before: Fisher's exact test, one-sided."""
    failed, calls = before[0] + after[0], before[1] + after[1]
    if after[0] * max(before[1], 1) <= before[0] * max(after[1], 1):
        return False
    most = min(failed, after[1])
    chance = sum(math.exp(_log_hypergeometric(count, failed, after[1], calls)) for count in range(after[0], most + 1))
    return chance < error


def _log_hypergeometric(drawn: int, marked: int, draws: int, total: int) -> float:
    """The logarithm of the chance that `draws` of `total`, of which `marked` are marked, hold `drawn` marked ones."""
    if draws - drawn > total - marked:
        return -math.inf
    return _log_choose(marked, drawn) + _log_choose(total - marked, draws - drawn) - _log_choose(total, draws)


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
