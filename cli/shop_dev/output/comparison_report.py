"""How a comparison of two versions is told."""

from __future__ import annotations

from shop_loadtests.comparison import Comparison, OperationChange
from shop_loadtests.statistics import Finding, Ratio

from shop_dev.comparing.compare import Compared
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer
from shop_dev.output.columns import Cell, Page, columns

_STYLES = {Finding.WORSE: "red", Finding.BETTER: "green", Finding.UNDECIDED: "yellow", Finding.SAME: "dim"}
_HEADS = ("OPERATION", "CALLS", "BEFORE MS", "NOW MS", "P50", "P95", "")


def progress_of(compared: Compared) -> str:
    """One line on how far a comparison is."""
    known = compared.comparison or compared.control
    left_out = f", {known.doubtful} left out" if known.doubtful else ""
    control = "control, the older version with itself: " if compared.comparison is None else ""
    return f"{control}{known.pairs} pairs{left_out}: {known.finding}"


def comparison_answer(compared: Compared, *, ref: str, within: float) -> Answer:
    """Tell the outcome. A failure where something became worse, where it stays open, and where the machine is too noisy."""
    shown = compared.comparison or compared.control
    return Answer(
        data={
            "ref": ref,
            "within": within,
            "finding": "invalid" if compared.is_noise else str(compared.finding),
            "control": comparison_data(compared.control),
            "comparison": comparison_data(compared.comparison) if compared.comparison is not None else None,
        },
        text=Page((*_lines(shown), (), (Cell(_sentence(compared, ref, within)),))),
        failure=_failure(compared, ref, within),
    )


def comparison_data(comparison: Comparison) -> dict[str, object]:
    """Return a comparison for scripts; ratios are after to before, each with its interval."""
    return {
        "finding": str(comparison.finding),
        "pairs": comparison.pairs,
        "doubtfulPairs": comparison.doubtful,
        "reasons": list(comparison.reasons),
        "operations": [
            {
                "operation": one.operation,
                "finding": str(one.finding),
                "calls": {"before": one.calls[0], "after": one.calls[1]},
                "failed": {"before": one.failed[0], "after": one.failed[1]},
                "milliseconds": {"before": round(one.milliseconds[0], 3), "after": round(one.milliseconds[1], 3)},
                "p50": _interval(one.middle),
                "p95": _interval(one.tail) if one.tail is not None else None,
            }
            for one in comparison.operations
        ],
    }


def _interval(ratio: Ratio) -> dict[str, float]:
    return {"low": round(ratio.low, 4), "ratio": round(ratio.middle, 4), "high": round(ratio.high, 4)}


def _failure(compared: Compared, ref: str, within: float) -> Failure | None:
    if compared.is_noise:
        return Failure.told(CliCode.LOAD_INVALID, _sentence(compared, ref, within))
    if compared.finding is Finding.WORSE:
        return Failure.told(CliCode.VERSION_WORSE, _sentence(compared, ref, within))
    if compared.finding is Finding.UNDECIDED:
        return Failure.told(CliCode.COMPARISON_UNDECIDED, _sentence(compared, ref, within))
    return None


def _sentence(compared: Compared, ref: str, within: float) -> str:
    if compared.is_noise:
        why = "; ".join(compared.control.reasons) or f"it came out {compared.control.finding}"
        return f"Nothing is known: {ref} was compared with itself first, and {why}."
    comparison = compared.comparison or compared.control
    named = [one.operation for one in comparison.operations if one.finding is compared.finding]
    return {
        Finding.WORSE: f"Worse than {ref}: {', '.join(named)}.",
        Finding.BETTER: f"Better than {ref}: {', '.join(named)}; nothing is worse.",
        Finding.SAME: f"The same as {ref}, within {within:.0%}.",
        Finding.UNDECIDED: f"Undecided after {comparison.pairs} pairs of slices: {', '.join(named)}.{_left_out(comparison)}",
    }[compared.finding]


def _left_out(comparison: Comparison) -> str:
    return f" {comparison.doubtful} pairs were left out: {comparison.reasons[0]}." if comparison.doubtful else ""


def _lines(comparison: Comparison) -> list[tuple[Cell, ...]]:
    rows = [_row(one) for one in comparison.operations]
    return columns([[Cell(head, "dim") for head in _HEADS], *rows], right=frozenset(range(1, len(_HEADS) - 1)))


def _row(one: OperationChange) -> list[Cell]:
    return [
        Cell(one.operation),
        Cell(f"{sum(one.calls):,}"),
        Cell(f"{one.milliseconds[0]:.1f}"),
        Cell(f"{one.milliseconds[1]:.1f}"),
        Cell(_share(one.middle)),
        Cell(_share(one.tail) if one.tail is not None else ""),
        Cell(str(one.finding), _STYLES[one.finding]),
    ]


def _share(ratio: Ratio) -> str:
    if ratio.low == 0:
        return f"{ratio.middle - 1:+.1%}"
    return f"{ratio.middle - 1:+.1%} ({ratio.low - 1:+.1%} to {ratio.high - 1:+.1%})"
