"""A run second by second, its generators put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from shop_loadtests.latencies import Latencies
from shop_loadtests.plan import Interval


@dataclass(frozen=True)
class Moment:
    """What happened up to `at` seconds after the begin, since the moment before."""

    at: float
    seconds: float
    operations: dict[str, Latencies]

    @property
    def whole(self) -> Latencies:
        """All calls, whatever their operation."""
        together = Latencies()
        for one in self.operations.values():
            together.add(one.recorded())
        return together


def moments(told: Sequence[tuple[float, Interval]], *, most: int = 240) -> list[Moment]:
    """Put together what generators told in the same second, or in the same few where that would make more than `most` moments."""
    length = max(told[-1][0] / most, 1.0) if told else 1.0
    found: dict[int, dict[str, Latencies]] = defaultdict(dict)
    for at, interval in told:
        operations = found[round(at / length)]
        for operation, recorded in interval.measured.items():
            operations.setdefault(operation, Latencies()).add(recorded)
    return [Moment(number * length, length, operations) for number, operations in sorted(found.items())]
