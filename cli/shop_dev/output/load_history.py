"""How earlier runs of load are told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shop_dev.loading.history import Ran, Trend, trends
from shop_dev.loading.origin import Origin
from shop_dev.loading.run import Load
from shop_dev.output.answer import Answer
from shop_dev.output.columns import Cell, Page, columns

_BARS = "▁▂▃▄▅▆▇█"
_HEADS = ("OPERATION", "RUNS", "LAST P95 MS", "TO THE MEDIAN BEFORE", "TREND")
_STYLES = {"green": "green", "red": "red", "invalid": "yellow"}


def ran(load: Load, *, name: str, origin: Origin) -> Ran:
    """Return a run as it is kept."""
    operations = load.measured.operations
    return Ran(
        profile=name,
        origin=origin,
        verdict=str(load.verdict.kind),
        calls=sum(one.count for one in operations.values()),
        seconds=round(load.measured.seconds, 3),
        settings={
            "workers": load.workers,
            "users": load.users,
            "stages": msgspec.to_builtins(load.profile.stages),
            "journeys": load.profile.journeys,
        },
        p95={operation: round(one.milliseconds(95), 3) for operation, one in operations.items()},
    )


def history_answer(runs: Sequence[Ran], *, profile: str) -> Answer:
    """Tell the runs of a profile, and where each operation is going."""
    found = trends(runs)
    data = {
        "profile": profile,
        "runs": [msgspec.to_builtins(one) for one in runs],
        "trends": [{"operation": one.operation, "p95": list(one.p95), "change": one.change} for one in found],
    }
    if not runs:
        return Answer(data=data, text=f"{profile} was not run yet.")
    told = [(Cell(f"{one.origin.moment}  {(one.origin.commit or 'no commit')[:12]}  "), _verdict(one)) for one in runs[-10:]]
    table = columns([[Cell(head, "dim") for head in _HEADS], *(_row(one) for one in found)], right=frozenset({1, 2, 3}))
    return Answer(data=data, text=Page((*told, (), *table)))


def _verdict(one: Ran) -> Cell:
    return Cell(one.verdict, _STYLES.get(one.verdict, ""))


def _row(trend: Trend) -> list[Cell]:
    change = "" if trend.change is None else f"{trend.change:+.0%}"
    return [Cell(trend.operation), Cell(str(len(trend.p95))), Cell(f"{trend.p95[-1]:.1f}"), Cell(change), Cell(_bars(trend.p95))]


def _bars(values: Sequence[float]) -> str:
    most = max(values) or 1.0
    return "".join(_BARS[min(int(value / most * len(_BARS)), len(_BARS) - 1)] for value in values)
