"""What `trace` says without an id: the last requests, and what they set off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shop_sandbox.telemetry.read import Trace

from shop_dev.output.columns import Cell, Page, columns
from shop_dev.output.trace_tree import outcome_of

HEADINGS = ("BEGAN", "WHAT", "ID", "TOOK", "SPANS", "OUTCOME")


def list_data(traces: Sequence[Trace]) -> dict[str, object]:
    """Return them for scripts, newest first; `outcome` is null where nothing has told it yet."""
    return {
        "traces": [
            {
                "traceId": trace.trace_id,
                "subject": trace.subject,
                "service": trace.first.service,
                "name": trace.first.name,
                "startedAt": trace.started_at,
                "seconds": trace.ended_at - trace.started_at,
                "spans": sum(1 for _ in trace.spans()),
                "errors": sum(node.status == "error" for node in trace.spans()),
                "outcome": trace.outcome,
            }
            for trace in traces
        ]
    }


def list_page(traces: Sequence[Trace]) -> Page:
    """One line each, newest first."""
    if not traces:
        return Page(((Cell("Nothing has been traced yet."),),))
    heads = [Cell(heading, "dim") for heading in HEADINGS]
    return Page((*columns([heads, *map(_cells, traces)], right=frozenset({3, 4})),))


def _cells(trace: Trace) -> tuple[Cell, ...]:
    began = datetime.fromtimestamp(trace.started_at).astimezone().strftime("%H:%M:%S")
    told, style = outcome_of(trace)
    return (
        Cell(began, "dim"),
        Cell(f"{trace.first.service}: {trace.first.name}"),
        Cell(trace.subject or trace.trace_id),
        Cell(f"{(trace.ended_at - trace.started_at) * 1e3:.0f} ms"),
        Cell(str(sum(1 for _ in trace.spans()))),
        Cell(told, style),
    )
