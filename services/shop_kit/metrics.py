"""Counters, gauges and histograms of one process, kept and written by prometheus_client.

Each `Metrics` has a registry of its own, so that several services fit into one process of a test. Instruments remember the children
of the label values that they have seen: looking them up costs three times as much as counting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, generate_latest

LATENCY_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

T = TypeVar("T")


class Counter:
    """Counts upwards, apart for each combination of label values."""

    def __init__(self, family: prometheus_client.Counter) -> None:
        self._family = family
        self._children: dict[tuple[str, ...], prometheus_client.Counter] = {}

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count `by` more for these label values."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._family.labels(*labels) if labels else self._family
        child.inc(by)


class Histogram:
    """Counts values by size, apart for each combination of label values."""

    def __init__(self, family: prometheus_client.Histogram) -> None:
        self._family = family
        self._children: dict[tuple[str, ...], prometheus_client.Histogram] = {}

    def record(self, value: float, *labels: str) -> None:
        """Count one value for these label values."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._family.labels(*labels) if labels else self._family
        child.observe(value)


class Metrics:
    """All instruments of one process. Asking twice for a name gives the same instrument."""

    def __init__(self) -> None:
        # When each counter began would double what is scraped, and tells nobody anything.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one untyped
        self._registry = CollectorRegistry()
        self._instruments: dict[str, Counter | Histogram | prometheus_client.Gauge] = {}

    def counter(self, name: str, purpose: str, *label_names: str) -> Counter:
        """Return the counter of that name."""
        return self._instrument(
            name, Counter, lambda: Counter(prometheus_client.Counter(name, purpose, label_names, registry=self._registry))
        )

    def gauge(self, name: str, purpose: str, read: Callable[[], float], **labels: str) -> None:
        """Show what `read` returns under that name and labels, each time somebody looks."""
        gauge = self._instrument(
            name, prometheus_client.Gauge, lambda: prometheus_client.Gauge(name, purpose, [*labels], registry=self._registry)
        )
        (gauge.labels(**labels) if labels else gauge).set_function(read)

    def histogram(self, name: str, purpose: str, *label_names: str, bounds: tuple[float, ...] = LATENCY_SECONDS) -> Histogram:
        """Return the histogram of that name."""
        return self._instrument(
            name,
            Histogram,
            lambda: Histogram(prometheus_client.Histogram(name, purpose, label_names, registry=self._registry, buckets=bounds)),
        )

    def render(self) -> str:
        """Return all samples in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry).decode()

    def _instrument(self, name: str, kind: type[T], make: Callable[[], T]) -> T:
        found = self._instruments.get(name)
        if found is None:
            made = make()
            self._instruments[name] = made  # type: ignore[assignment]  # one of the three kinds, as the callers see to
            return made
        if not isinstance(found, kind):
            raise TypeError(f"metric {name} is a {type(found).__name__}")
        return found
