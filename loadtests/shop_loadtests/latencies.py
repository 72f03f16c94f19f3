"""How long calls took, in histograms that can be put together without loss."""

from __future__ import annotations

from collections import Counter

import msgspec
from hdrh.histogram import HdrHistogram

LOWEST_MICROSECONDS, HIGHEST_MICROSECONDS, DIGITS = 1, 3_600_000_000, 3
"""From a microsecond to an hour, each value kept to a thousandth of itself."""


class Recorded(msgspec.Struct, frozen=True):
    """An operation's calls as they travel: an encoded histogram of microseconds, failures by reason, how many there are."""

    histogram: bytes
    failures: dict[str, int]
    count: int = 0


class Latencies:
    """Calls of one operation. A failed call counts in both: it took its time as well."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(LOWEST_MICROSECONDS, HIGHEST_MICROSECONDS, DIGITS)
        self.failures: Counter[str] = Counter()

    def record(self, seconds: float, failure: str | None = None) -> None:
        """Count a call."""
        self._histogram.record_value(min(max(round(seconds * 1e6), LOWEST_MICROSECONDS), HIGHEST_MICROSECONDS))
        if failure is not None:
            self.failures[failure] += 1

    def add(self, other: Recorded) -> None:
        """Count what another has recorded."""
        self._histogram.decode_and_add(other.histogram)
        self.failures.update(other.failures)

    def recorded(self) -> Recorded:
        """Return everything in a form that travels."""
        return Recorded(self._histogram.encode(), dict(self.failures), self.count)

    @property
    def count(self) -> int:
        return int(self._histogram.get_total_count())

    @property
    def failed(self) -> float:
        """The share of calls that failed."""
        return self.failures.total() / self.count if self.count else 0.0

    def milliseconds(self, percentile: float) -> float:
        """Return the latency that so many percent of the calls did not exceed."""
        return float(self._histogram.get_value_at_percentile(percentile)) / 1e3
