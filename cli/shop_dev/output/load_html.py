"""A run of load as one page: no script, no font, no address but its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

from shop_loadtests.latencies import Latencies
from shop_loadtests.timeline import Moment, moments

from shop_dev.comparing.compare import Compared, Terms
from shop_dev.loading.origin import Origin
from shop_dev.loading.resources import Resources
from shop_dev.loading.run import Load
from shop_dev.output.charts import Series, interval_chart, line_chart

_PERCENTILES = (50.0, 95.0, 99.0)
_SPECTRUM = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0)
_MOST_LINES = 10
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c1917; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: right; padding: 2px 6px; border-bottom: 1px solid #e7e5e4; }
th:first-child, td:first-child { text-align: left; }
.green { color: #047857; }
.red { color: #b91c1c; }
.invalid { color: #b45309; }
figure { margin: 1.5rem 0; }
figcaption { font-weight: 600; }
figure div { font-size: 12px; }
figure span { margin-right: 1rem; }
figure i { display: inline-block; width: 10px; height: 10px; margin-right: 4px; }
svg { width: 100%; font: 11px system-ui, sans-serif; }
svg text { fill: #57534e; }
polyline { fill: none; stroke-width: 1.6; }
.grid { stroke: #e7e5e4; }
.mark { stroke: #b91c1c; stroke-dasharray: 4; }
.band { fill: #e7e5e4; }
.interval { stroke: #2563eb; stroke-width: 3; }
circle { fill: #2563eb; }
"""


def load_page(load: Load, *, name: str, origin: Origin, resources: Resources) -> str:
    """Return the report of a run."""
    verdict = load.verdict
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    over_time = moments(load.measured.timeline)
    settings = {"target": load.target, "seed": load.seed, "workers": load.workers, "seconds": f"{load.measured.seconds:.0f}"}
    body = (
        f'<h1>Load: {escape(name)} <span class="{verdict.kind}">{verdict.kind}</span></h1><ul>{reasons}</ul>'
        f"{facts(origin, settings)}<h2>Operations</h2>{_operations(load.measured.operations)}"
        f"<h2>Over time</h2>{''.join(_over_time(over_time))}"
        f"<h2>Percentiles</h2>{_spectrum(load.measured.operations)}{''.join(_used(resources))}"
    )
    return page(f"Load: {name}", body)


def comparison_page(compared: Compared, terms: Terms, *, name: str, origin: Origin) -> str:
    """Return the report of a comparison."""
    finding = "invalid" if compared.is_noise else str(compared.finding)
    settings = {"within": f"{terms.within:.0%}", "seed": terms.seed, "workers": terms.workers}
    parts = [f"<h1>{escape(name)}, compared with {escape(terms.ref)}: {finding}</h1>{facts(origin, settings)}"]
    for title, comparison in (("Now to before", compared.comparison), ("Control: before to before", compared.control)):
        if comparison is None:
            continue
        middles = [(one.operation, one.middle.low, one.middle.middle, one.middle.high) for one in comparison.operations]
        tails = [(one.operation, one.tail.low, one.tail.middle, one.tail.high) for one in comparison.operations if one.tail]
        parts.append(interval_chart(f"{title}: medians, {comparison.pairs} pairs of slices", middles, within=terms.within))
        parts.append(interval_chart(f"{title}: 95th percentiles", tails, within=terms.within) if tails else "")
    return page(f"{name} compared with {terms.ref}", "".join(parts))


def page(title: str, body: str) -> str:
    """Return a document around a body, with the style of all reports."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def facts(origin: Origin, settings: Mapping[str, object]) -> str:
    """Say where figures come from."""
    told = {"begun": origin.moment, "commit": origin.commit or "none", "machine": origin.machine, **settings}
    return f"<p>{'; '.join(f'{escape(key)} {escape(str(value))}' for key, value in told.items())}</p>"


def _operations(operations: Mapping[str, Latencies]) -> str:
    heads = ("operation", "calls", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms")
    rows = [
        (name, f"{one.count:,}", f"{one.failures.total():,}", *(f"{one.milliseconds(at):.1f}" for at in (*_PERCENTILES, 100.0)))
        for name, one in sorted(operations.items())
    ]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _over_time(over_time: Sequence[Moment]) -> Iterator[str]:
    wholes = [(moment, moment.whole) for moment in over_time]
    yield line_chart(
        "Latency of all calls",
        [
            Series(f"p{at:g}", [(moment.at, whole.milliseconds(at)) for moment, whole in wholes if whole.count])
            for at in _PERCENTILES
        ],
        x_unit="s",
        y_unit="ms",
    )
    yield line_chart("p95 by operation", _lines(over_time, lambda one: one.milliseconds(95.0)), x_unit="s", y_unit="ms")
    rate = Series("calls a second", [(moment.at, whole.count / moment.seconds) for moment, whole in wholes])
    yield line_chart("Rate", [rate], x_unit="s", y_unit="1/s")
    failed = Series("failed calls a second", [(moment.at, whole.failures.total() / moment.seconds) for moment, whole in wholes])
    yield line_chart("Errors", [failed], x_unit="s", y_unit="1/s")


def _lines(over_time: Sequence[Moment], value: Callable[[Latencies], float]) -> list[Series]:
    calls: dict[str, int] = {}
    for moment in over_time:
        for name, one in moment.operations.items():
            calls[name] = calls.get(name, 0) + one.count
    most = sorted(calls, key=lambda name: -calls[name])[:_MOST_LINES]
    return [
        Series(name, [(moment.at, value(moment.operations[name])) for moment in over_time if name in moment.operations])
        for name in most
    ]


def _spectrum(operations: Mapping[str, Latencies]) -> str:
    heads = ("operation", *(f"p{at:g}" for at in _SPECTRUM))
    return _table(heads, [(name, *(f"{one.milliseconds(at):.1f}" for at in _SPECTRUM)) for name, one in sorted(operations.items())])


def _used(resources: Resources) -> Iterator[str]:
    if not resources.used:
        return
    largest = sorted(resources.used, key=lambda name: -max(one.pss_bytes for one in resources.used[name]))[:_MOST_LINES]
    yield "<h2>Processes</h2>"
    memory = [Series(name, [(one.at, one.pss_bytes / 2**20) for one in resources.used[name]]) for name in largest]
    yield line_chart("Memory, proportional", memory, x_unit="s", y_unit="MiB")
    seen = {name: [(one.at, one.cpus) for one in used if one.cpus is not None] for name, used in resources.used.items()}
    busiest = sorted(filter(seen.__getitem__, seen), key=lambda name: -max(cpus for _, cpus in seen[name]))[:_MOST_LINES]
    cpus = [Series(name, seen[name]) for name in busiest]
    yield line_chart("Processors", cpus, x_unit="s", y_unit="cores")
