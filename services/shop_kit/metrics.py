"""Counters, gauges and histograms of one process, in Prometheus' text format at /metrics.

Small on purpose: recording costs under a microsecond, where the OpenTelemetry SDK's instruments cost several.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator

LATENCY_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Labels = tuple[str, ...]


class Counter:
    """Counts upwards, apart for each combination of label values."""

    kind = "counter"

    def __init__(self, name: str, purpose: str, label_names: Labels) -> None:
        self.name, self.purpose, self.label_names = name, purpose, label_names
        self._values: dict[Labels, float] = {}

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count `by` more for these label values."""
        self._values[labels] = self._values.get(labels, 0.0) + by

    def value(self, *labels: str) -> float:
        """Return what was counted for these label values."""
        return self._values.get(labels, 0.0)

    def lines(self) -> Iterator[str]:
        """Yield samples in Prometheus' text format."""
        for labels, value in self._values.items():
            yield f"{self.name}{_render(self.label_names, labels)} {value:g}"


class Gauge:
    """A value that is asked for when somebody looks."""

    kind = "gauge"

    def __init__(self, name: str, purpose: str, read: Callable[[], float]) -> None:
        self.name, self.purpose, self._read = name, purpose, read

    def lines(self) -> Iterator[str]:
        """Yield the sample in Prometheus' text format."""
        yield f"{self.name} {self._read():g}"


class Histogram:
    """Counts values by size, apart for each combination of label values."""

    kind = "histogram"

    def __init__(self, name: str, purpose: str, label_names: Labels, bounds: tuple[float, ...]) -> None:
        self.name, self.purpose, self.label_names, self._bounds = name, purpose, label_names, bounds
        self._series: dict[Labels, tuple[list[int], list[float]]] = {}

    def record(self, value: float, *labels: str) -> None:
        """Count one value for these label values."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = ([0] * (len(self._bounds) + 1), [0.0])
        counts, total = series
        counts[bisect.bisect_left(self._bounds, value)] += 1
        total[0] += value

    def lines(self) -> Iterator[str]:
        """Yield samples in Prometheus' text format: cumulative buckets, sum and count."""
        names = (*self.label_names, "le")
        for labels, (counts, total) in self._series.items():
            cumulative = 0
            for bound, count in zip((*self._bounds, float("inf")), counts, strict=True):
                cumulative += count
                edge = "+Inf" if bound == float("inf") else f"{bound:g}"
                yield f"{self.name}_bucket{_render(names, (*labels, edge))} {cumulative}"
            yield f"{self.name}_sum{_render(self.label_names, labels)} {total[0]:g}"
            yield f"{self.name}_count{_render(self.label_names, labels)} {cumulative}"


class Metrics:
    """All instruments of one process. Asking twice for a name gives the same instrument."""

    def __init__(self) -> None:
        self._instruments: dict[str, Counter | Gauge | Histogram] = {}

    def counter(self, name: str, purpose: str, *label_names: str) -> Counter:
        """Return the counter of that name."""
        found = self._instruments.setdefault(name, Counter(name, purpose, label_names))
        if not isinstance(found, Counter):
            raise TypeError(f"metric {name} is a {found.kind}")
        return found

    def gauge(self, name: str, purpose: str, read: Callable[[], float]) -> None:
        """Show what `read` returns under that name."""
        self._instruments[name] = Gauge(name, purpose, read)

    def histogram(self, name: str, purpose: str, *label_names: str, bounds: tuple[float, ...] = LATENCY_SECONDS) -> Histogram:
        """Return the histogram of that name."""
        found = self._instruments.setdefault(name, Histogram(name, purpose, label_names, bounds))
        if not isinstance(found, Histogram):
            raise TypeError(f"metric {name} is a {found.kind}")
        return found

    def render(self) -> str:
        """Return all samples in Prometheus' text format, version 0.0.4."""
        lines: list[str] = []
        for instrument in self._instruments.values():
            lines += (
                f"# HELP {instrument.name} {instrument.purpose}",
                f"# TYPE {instrument.name} {instrument.kind}",
                *instrument.lines(),
            )
        return "\n".join(lines) + "\n"


def _render(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True)) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
