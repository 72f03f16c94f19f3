"""How it is told what a target bears."""

from __future__ import annotations

from collections.abc import Sequence

from shop_loadtests.capacity import Capacity, Tried

from shop_dev.errors import CliCode, Failure
from shop_dev.loading.origin import Origin
from shop_dev.output.answer import Answer
from shop_dev.output.charts import Mark, Series, line_chart
from shop_dev.output.columns import Cell, Page, columns
from shop_dev.output.load_html import facts, page

_HEADS = ("VISITS A SECOND", "RUNS", "P95 MS", "OBJECTIVES")
_STYLES = {"green": "green", "red": "red", "invalid": "yellow"}


def tried_line(capacity: Capacity) -> str:
    """One line on the last run."""
    last = capacity.tried[-1]
    why = f": {last.reasons[0]}" if last.reasons else ""
    return f"{last.rate:g} visits a second: {last.kind}, p95 {last.p95:.0f} ms{why}"


def capacity_answer(capacity: Capacity, *, name: str, origin: Origin) -> Answer:
    """Tell what was found; a failure where not even the interval is known."""
    sentence = sentence_of(capacity)
    unknown = Failure.told(CliCode.LOAD_INVALID, sentence) if capacity.holds is None else None
    rows = [_row(rate, p95, [one for one in capacity.tried if one.rate == rate]) for rate, p95 in capacity.curve]
    table = columns([[Cell(head, "dim") for head in _HEADS], *rows], right=frozenset({0, 1, 2}))
    return Answer(
        data={
            "profile": name,
            "origin": {"at": origin.at, "commit": origin.commit, "machine": origin.machine},
            "holds": capacity.holds,
            "fails": capacity.fails,
            "knee": capacity.knee,
            "generatorAtItsEnd": capacity.is_generators,
            "tried": [
                {"rate": one.rate, "verdict": str(one.kind), "p95": one.p95, "reasons": one.reasons} for one in capacity.tried
            ],
        },
        text=Page((*table, (), (Cell(sentence),))),
        failure=unknown,
    )


def capacity_page(capacity: Capacity, *, name: str, origin: Origin, settings: dict[str, object]) -> str:
    """Return a page with latency against rate, the knee marked."""
    marks = [Mark("knee", capacity.knee)] if capacity.knee is not None else []
    marks += [Mark("holds", capacity.holds)] if capacity.holds is not None else []
    chart = line_chart(
        "Latency against rate", [Series("p95 of all calls", capacity.curve)], x_unit="visits/s", y_unit="ms", marks=marks
    )
    body = f"<h1>Capacity: {name}</h1><p>{sentence_of(capacity)}</p>{facts(origin, settings)}{chart}"
    return page(f"Capacity: {name}", body)


def sentence_of(capacity: Capacity) -> str:
    """The outcome in a sentence."""
    holds, fails = capacity.holds, capacity.fails
    if capacity.is_generators:
        if holds is None:
            return "Nothing is known: the generator was at its end at once. Use more --workers, or a quieter machine."
        return f"The objectives hold at {holds:g} visits a second; beyond that the generator is at its end: use more --workers."
    if holds is None:
        return f"The objectives are missed at {fails:g} visits a second already."
    if fails is None:
        return f"The objectives hold at {holds:g} visits a second, the most that was tried."
    knee = f" Latency bends upwards at {capacity.knee:g}." if capacity.knee is not None else ""
    return f"The objectives hold at {holds:g} visits a second, and not at {fails:g}.{knee}"


def _row(rate: float, p95: float, runs: Sequence[Tried]) -> list[Cell]:
    kinds = [str(one.kind) for one in runs]
    most = max(kinds, key=kinds.count)
    return [Cell(f"{rate:g}"), Cell(str(len(runs))), Cell(f"{p95:.0f}"), Cell(most, _STYLES[most])]
