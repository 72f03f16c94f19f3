"""How a run of load is told."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from shop_loadtests.latencies import Latencies
from shop_loadtests.profile import Profile
from shop_loadtests.run import Measured
from shop_loadtests.verdict import Kind

from shop_dev.errors import CliCode, Failure
from shop_dev.loading.insight import Insight
from shop_dev.loading.origin import Origin
from shop_dev.loading.resources import Resources
from shop_dev.loading.run import Load
from shop_dev.output.answer import Answer
from shop_dev.output.columns import Cell, Page, columns
from shop_dev.output.time_report import time_data, time_lines

_CODES = {Kind.RED: CliCode.LOAD_RED, Kind.INVALID: CliCode.LOAD_INVALID}
_SENTENCES = {
    Kind.GREEN: "All objectives hold.",
    Kind.RED: "Objectives are missed:",
    Kind.INVALID: "These figures are not to be believed:",
}
_CHECKOUT = "order to completed"
_PERCENTILES = (50.0, 95.0, 99.0, 100.0)


def progress_line(measured: Measured, profile: Profile) -> str:
    """One line on how far a run is."""
    calls = sum(one.count for one in measured.operations.values())
    failed = sum(one.failures.total() for one in measured.operations.values())
    return (
        f"{measured.seconds:5.0f} of {profile.seconds:.0f} s   {measured.generator.visits} visits, {calls} calls, {failed} failed"
    )


def load_answer(load: Load, *, name: str, origin: Origin, resources: Resources, insight: Insight | None = None) -> Answer:
    """Tell what a run has found; a failure unless all objectives hold."""
    verdict = load.verdict
    code = _CODES.get(verdict.kind)
    failure = Failure.told(code, f"{_SENTENCES[verdict.kind]} {'; '.join(verdict.reasons)}.") if code is not None else None
    return Answer(data=load_data(load, name, origin, resources, insight), text=Page((*load_lines(load, insight),)), failure=failure)


def _completed(load: Load) -> int:
    """Checkouts that visitors saw completed."""
    found = load.measured.operations.get(_CHECKOUT, Latencies())
    return found.count - found.failures.total()


def load_data(load: Load, name: str, origin: Origin, resources: Resources, insight: Insight | None = None) -> dict[str, object]:
    """What a run has found, for scripts."""
    generator, verdict = load.measured.generator, load.verdict
    return {
        "profile": name,
        "origin": {"at": origin.at, "commit": origin.commit, "machine": origin.machine},
        "target": load.target,
        "seed": load.seed,
        "workers": load.workers,
        "users": load.users or None,
        "seconds": round(load.measured.seconds, 3),
        "verdict": str(verdict.kind),
        "reasons": list(verdict.reasons),
        "generator": {
            "visits": generator.visits,
            "late": generator.late,
            "unfinished": generator.unfinished,
            "cpu": round(generator.cpu, 3),
            "faults": list(generator.faults),
        },
        "behind": None if load.measured.behind is None else msgspec.to_builtins(load.measured.behind),
        "processes": [_process(name, resources) for name in sorted(resources.used)],
        "operations": [_operation(name, one) for name, one in sorted(load.measured.operations.items())],
        "time": time_data(insight, completed=_completed(load), visits=generator.visits) if insight is not None else None,
    }


def _process(name: str, resources: Resources) -> dict[str, object]:
    used = resources.used[name]
    return {
        "resource": name,
        "peakPssBytes": max(one.pss_bytes for one in used),
        "lastPssBytes": used[-1].pss_bytes,
        "growth": resources.growth(name),
        "peakCpus": max((one.cpus for one in used if one.cpus is not None), default=None),
    }


def _operation(name: str, latencies: Latencies) -> dict[str, object]:
    return {
        "operation": name,
        "calls": latencies.count,
        "failures": dict(latencies.failures),
        "milliseconds": {f"p{percentile:g}": round(latencies.milliseconds(percentile), 3) for percentile in _PERCENTILES},
        "histogram": latencies.recorded().histogram.decode(),
    }


def load_lines(load: Load, insight: Insight | None = None) -> Iterator[tuple[Cell, ...]]:
    """What a run has found, for people."""
    heads = ("OPERATION", "CALLS", "FAILED", "P50 MS", "P95 MS", "P99 MS", "MAX MS")
    rows = [_row(name, one) for name, one in sorted(load.measured.operations.items())]
    yield from columns([[Cell(head, "dim") for head in heads], *rows], right=frozenset(range(1, len(heads))))
    generator = load.measured.generator
    yield ()
    yield (
        Cell(
            f"{generator.visits} visits in {load.measured.seconds:.0f} s, {generator.late} of them begun late; "
            f"the busiest of {load.workers} generators has used {generator.cpu:.0%} of a processor.",
            "dim",
        ),
    )
    if insight is not None:
        yield ()
        yield from time_lines(insight, completed=_completed(load), visits=generator.visits)
    if load.verdict.kind is Kind.GREEN:
        yield (Cell(_SENTENCES[Kind.GREEN], "green"),)


def _row(name: str, latencies: Latencies) -> list[Cell]:
    failed = latencies.failures.total()
    figures = [Cell(f"{latencies.milliseconds(percentile):.1f}") for percentile in _PERCENTILES]
    return [Cell(name), Cell(f"{latencies.count:,}"), Cell(f"{failed:,}" if failed else "", "red"), *figures]
