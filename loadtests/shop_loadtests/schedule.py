"""When visitors come: independently of each other and of how the shop is doing (an open model)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from shop_loadtests.profile import Stage


def arrivals(stages: Sequence[Stage], *, seed: int, worker: int = 0, workers: int = 1) -> Iterator[float]:
    """Yield the moments in seconds from the start at which visits begin: a Poisson process, the same one for a seed.

    Several workers share it: each yields every `workers`-th moment, so that together they make the arrivals of one.
    """
    for number, moment in enumerate(_moments(stages, random.Random(seed))):  # noqa: S311  # nosec B311 # repeatable, not secret
        if number % workers == worker:
            yield moment


def _moments(stages: Sequence[Stage], dice: random.Random) -> Iterator[float]:
    """Arrivals of a rate of one, each moved to where as many are expected of the stages' rate by then."""
    begin, before, due = 0.0, 0.0, dice.expovariate(1.0)
    for stage in stages:
        expected = (stage.rate + stage.last_rate) / 2 * stage.seconds
        while due - before < expected:
            yield begin + _after(stage, due - before)
            due += dice.expovariate(1.0)
        begin, before = begin + stage.seconds, before + expected


def _after(stage: Stage, count: float) -> float:
    """Return how many seconds into a stage so many arrivals are expected: its rate, integrated, solved for the time."""
    slope = (stage.last_rate - stage.rate) / stage.seconds
    if slope == 0:
        return count / stage.rate
    return (math.sqrt(max(stage.rate**2 + 2 * slope * count, 0.0)) - stage.rate) / slope
