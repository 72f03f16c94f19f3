"""How it is told where the time of a run went."""

from __future__ import annotations

from collections.abc import Iterator

from shop_dev.loading.insight import Insight
from shop_dev.loading.published import SOURCES
from shop_dev.loading.time_split import Share, Split
from shop_dev.output.columns import Cell, columns

_MOST_OPERATIONS = 20


def time_data(insight: Insight, *, completed: int, visits: int) -> dict[str, object]:
    """Where the time went, for scripts: milliseconds a call."""
    return {
        "operations": [_operation(name, one, insight) for name, one in sorted(insight.operations.items())],
        "emulator": {
            "callsASecond": round(insight.aws_rate, 1),
            "ceilingASecond": None if insight.ceiling is None else round(insight.ceiling, 1),
        },
        "cpuMilliseconds": {
            part: {"total": round(seconds * 1e3), "perCheckout": _each(seconds, completed), "perVisit": _each(seconds, visits)}
            for part, seconds in sorted(insight.cpu.items(), key=lambda one: -one[1])
        },
        "estimateSources": list(SOURCES),
    }


def _operation(name: str, split: Split, insight: Insight) -> dict[str, object]:
    estimate = insight.estimate(name)
    return {
        "operation": name,
        "calls": split.calls,
        "milliseconds": {str(share): round(split.seconds[share] / split.calls * 1e3, 3) for share in Share},
        "awsCalls": dict(split.aws),
        "slowestTrace": split.slowest[1],
        "estimateWithAws": {"milliseconds": round(estimate.seconds * 1e3, 3), "callsWithoutPublishedLatency": estimate.unknown},
    }


def _each(seconds: float, count: int) -> float | None:
    return round(seconds * 1e3 / count, 2) if count else None


def time_lines(insight: Insight, *, completed: int, visits: int) -> Iterator[tuple[Cell, ...]]:
    """Where the time went, for people."""
    heads = ("MS A CALL, MEAN", "CALLS", *(str(share).upper() for share in Share), "ESTIMATE WITH AWS", "SLOWEST TRACE")
    most = sorted(insight.operations.items(), key=lambda one: -one[1].total)[:_MOST_OPERATIONS]
    yield from columns(
        [[Cell(head, "dim") for head in heads], *(_row(name, one, insight) for name, one in most)],
        right=frozenset(range(1, len(heads) - 1)),
    )
    yield ()
    if insight.ceiling is not None:
        yield (
            Cell(
                f"The run asked AWS {insight.aws_rate:.0f} times a second; the emulator answers at most {insight.ceiling:.0f} "
                "GetItem a second. The estimate puts what AWS publishes in place of the emulator's time; it is no measurement.",
                "dim",
            ),
        )
    each, what = (completed, "checkout") if completed else (max(visits, 1), "visit")
    parts = sorted(insight.cpu.items(), key=lambda one: -one[1])
    told = ", ".join(f"{part} {seconds * 1e3 / each:.1f}" for part, seconds in parts if seconds * 1e3 / each >= 0.1)
    yield (Cell(f"Processor, ms a {what}: {sum(insight.cpu.values()) * 1e3 / each:.1f} in all; {told}.", "dim"),)


def _row(name: str, split: Split, insight: Insight) -> list[Cell]:
    shares = [Cell(f"{split.seconds[share] / split.calls * 1e3:.1f}" if split.seconds[share] else "") for share in Share]
    return [
        Cell(name),
        Cell(f"{split.calls:,}"),
        *shares,
        Cell(f"{insight.estimate(name).seconds * 1e3:.1f}", "dim"),
        Cell(split.slowest[1], "dim"),
    ]
