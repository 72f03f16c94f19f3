"""How much load a target bears: the highest rate of arrivals at which its objectives hold, with an interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shop_loadtests.verdict import Kind

REPEATS = 3
"""A rate holds when the objectives hold in two of three runs: one may have met somebody else's work."""
GROWTH = 2.0
MOST_RATE = 100_000.0


@dataclass(frozen=True)
class Tried:
    """One run at a rate (visits a second): its verdict, and the 95th percentile of all calls in milliseconds."""

    rate: float
    kind: Kind
    p95: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capacity:
    """What is known: the objectives hold at `holds` and not at `fails`. None: no such rate was met.

    `is_generators` where the generator came to its end first: then the target bears at least `holds`.
    """

    tried: tuple[Tried, ...] = ()
    holds: float | None = None
    fails: float | None = None
    is_generators: bool = False

    @property
    def knee(self) -> float | None:
        """The rate beyond which latency rises faster than load: the point farthest below the chord of the measured curve."""
        curve = self.curve
        if len(curve) < 3:
            return None
        (left, low), (right, high) = curve[0], curve[-1]
        if right == left or high <= low:
            return None
        below = {rate: (rate - left) / (right - left) - (p95 - low) / (high - low) for rate, p95 in curve}
        return max(below, key=below.__getitem__)

    @property
    def curve(self) -> list[tuple[float, float]]:
        """The median of the 95th percentiles (milliseconds) at each rate, by rate."""
        rates = sorted({one.rate for one in self.tried})
        return [(rate, _median([one.p95 for one in self.tried if one.rate == rate])) for rate in rates]


def search(attempt: Callable[[float], Tried], *, begin: float, to_within: float, repeats: int = REPEATS) -> Iterator[Capacity]:
    """Try rates and yield what is known after each run: doubled until one fails, then halved between the two.

    Ends when the rate that holds and the one that fails are less than `to_within` (a share) apart, or the generator is at its end.
    """
    tried: list[Tried] = []
    holds: float | None = None
    fails: float | None = None
    rate = begin
    while fails is None or holds is None or fails / holds - 1 > to_within:
        runs: list[Tried] = []
        while not _is_decided(runs, repeats):
            runs.append(attempt(rate))
            tried.append(runs[-1])
            yield Capacity(tuple(tried), holds, fails)
        if _count(runs, Kind.INVALID) > repeats // 2:
            yield Capacity(tuple(tried), holds, fails, is_generators=True)
            return
        if _count(runs, Kind.GREEN) > repeats // 2:
            holds = rate
            rate = rate * GROWTH if fails is None else (rate + fails) / 2
        else:
            fails = rate
            rate = rate / GROWTH if holds is None else (holds + rate) / 2
        if rate > MOST_RATE or rate < begin / 2**6:
            break
    yield Capacity(tuple(tried), holds, fails)


def _is_decided(runs: Sequence[Tried], repeats: int) -> bool:
    return len(runs) >= repeats or any(_count(runs, kind) > repeats // 2 for kind in Kind)


def _count(runs: Sequence[Tried], kind: Kind) -> int:
    return sum(one.kind is kind for one in runs)


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
